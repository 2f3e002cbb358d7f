// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/Job.h"

#include <optional>
#include <string>

namespace OrthancRegistry
{
  // What decides about an action on a job
  struct ControlledJob
  {
    std::string id;
    int64_t revision = 0;
    JobState state = JobState::Pending;
    JobOrigin origin = JobOrigin::Queued;
    std::string owner; // incarnation, empty if none
    std::string replica;
    std::string localId;
    std::optional<JobAction> requestedAction;
    int64_t requestedRevision = 0;
    int64_t answeredRevision = 0;
    int answerCode = 0;
    bool isOwnerThere = false; // its row in SharedReplicas has not been removed
  };

  // The statements of those who control jobs. All writes are a compare-and-set on the revision that was read:
  // false if the row has changed since. Thread-safe.
  class JobControlStore
  {
  public:
    JobControlStore(IDatabase& database, IMessageBus& bus);

    std::optional<ControlledJob> Read(const std::string& id);

    // Of a queued job that no core has
    bool Cancel(const ControlledJob& job);
    bool Pause(const ControlledJob& job);
    bool Resume(const ControlledJob& job);
    bool Resubmit(const ControlledJob& job);

    // Asks the owner; answers the revision of the request, by which its answer is known.
    std::optional<int64_t> Request(const ControlledJob& job, JobAction action);

    // Takes a request back that has no owner to carry it out
    bool DropRequest(const ControlledJob& job);

    // Of a job that has ended. Its owner, if it is there, is told to forget it as well.
    bool Delete(const ControlledJob& job);

  private:
    // "change" makes one UPDATE, and answers the number of rows.
    template <typename Change>
    bool Apply(const ControlledJob& job, bool isWaiting, Change change);

    IDatabase& database_;
    IMessageBus& bus_;
  };
}
