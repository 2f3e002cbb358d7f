// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <string>
#include <vector>

namespace OrthancRegistry
{
  // What a client has asked of a job that this replica owns
  struct RequestedAction
  {
    std::string jobId;
    JobOrigin origin = JobOrigin::Queued;
    int64_t fence = 0;
    JobAction action = JobAction::Cancel;
    int64_t requestedRevision = 0;
  };

  struct ActionReply
  {
    std::string jobId;
    int64_t requestedRevision = 0;
    ErrorCode code = ErrorCode::Success; // UnknownResource: the core refuses
  };

  // The statements of the owner about requested actions. Thread-safe.
  class ActionStore
  {
  public:
    ActionStore(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus);

    static constexpr size_t MAXIMUM_BATCH = 100;

    // Up to MAXIMUM_BATCH, the oldest first, but for those of the jobs to leave out
    std::vector<RequestedAction> GetRequested(const std::vector<std::string>& without);

    // Writes the answers; one whose request is not there any more is dropped.
    void Answer(const std::vector<ActionReply>& replies);

    // Carries out Cancel or Pause of a run that has no id at the core yet: nobody owns the job afterwards,
    // and the attempt is not counted. False if that is not possible any more.
    bool GiveUpRun(const RequestedAction& request);

  private:
    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
  };

  // Carries out in the rows what is asked of the unfinished queued jobs of an owner, but for the kept ones,
  // because it does not run them any more: cancelled jobs fail, all others are free. "isLost" tells that the
  // owner is dead: then the attempt counts, its server identifier is noted, and nobody is asked any more
  // about its ended local jobs.
  void CarryOutRequests(Transaction& transaction, IMessageBus& bus, const ReplicaIdentity& owner, bool isLost,
                        const std::vector<std::string>& kept);
}
