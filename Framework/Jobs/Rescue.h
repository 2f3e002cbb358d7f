// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <map>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Takes care of the jobs of replicas whose lease has run out. Queued ones wait again at once; they fail
  // once they have been tried often enough, or once several replicas have died while they ran them. Local
  // ones fail later, because the core of a replica that is started again may go on with them. Any number of
  // replicas may do so at once: the row of the dead replica is locked meanwhile, so that each is done by one.
  class Rescue
  {
  public:
    Rescue(const JobsConfiguration& configuration, const ReplicaIdentity& identity, IDatabase& database,
           IMessageBus& bus);

    void Start();
    void Stop();
    void Wake(); // a lease has run out

  private:
    struct DeadReplica
    {
      std::string incarnation;
      std::string serverIdentifier;
      bool isGraceOver; // its local jobs are not waited for any more
    };

    // A queued job that a dead replica has left
    struct OrphanedJob
    {
      std::string id;
      int64_t fence;
      JobState state;
      unsigned int attempts; // without those that failed and were retried
      unsigned int crashes;
    };

    enum class Fate
    {
      Waits,
      IsExhausted, // too many attempts
      IsParked     // too many crashes
    };

    // One batch of one dead replica; false if there was nothing to do.
    bool RescueBatch();
    std::optional<DeadReplica> FindDead(Transaction& transaction) const;
    void RescueQueued(Transaction& transaction, const DeadReplica& dead,
                      std::vector<std::string>& changed) const;
    Fate GetFate(const OrphanedJob& job) const;
    std::map<std::string, std::string> RecordCrashes(Transaction& transaction, const DeadReplica& dead,
                                                     const std::vector<OrphanedJob>& jobs) const;
    void Requeue(Transaction& transaction, const std::vector<std::string>& ids) const;
    void Fail(Transaction& transaction, const std::vector<std::string>& ids, const std::string& reason,
              const std::string& advice, const std::map<std::string, std::string>& lost) const;
    void FailLocal(Transaction& transaction, const DeadReplica& dead,
                   std::vector<std::string>& changed) const;
    bool Finish(Transaction& transaction, const DeadReplica& dead) const;

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
    BackgroundTask task_;
  };
}
