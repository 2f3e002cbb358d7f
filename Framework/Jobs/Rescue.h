// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/JobsConfiguration.h"

#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Takes care of the jobs of replicas whose lease has run out: queued ones wait again, or fail once they
  // have been tried often enough; local ones fail, because no other core can go on with them. Any number of
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
    };

    // One batch of one dead replica; false if there was none.
    bool RescueBatch();
    void FailExhausted(Transaction& transaction, const DeadReplica& dead,
                       std::vector<std::string>& changed) const;
    void Requeue(Transaction& transaction, const DeadReplica& dead, std::vector<std::string>& changed) const;
    void FailLocal(Transaction& transaction, const DeadReplica& dead,
                   std::vector<std::string>& changed) const;

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
    BackgroundTask task_;
  };
}
