// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Database/Transaction.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  // What a replica learns when it says that it is alive.
  struct HeartbeatAnswer
  {
    bool isRegistered = false;      // false: others have taken this replica for dead
    bool isWorkWaiting = false;     // a queued job could be claimed now
    bool isReplicaExpired = false;  // another is dead, and something is to be done about it
    bool isActionRequested = false; // of a job of this replica
    std::optional<std::chrono::microseconds> untilDue; // until the next job that is put off may run
    std::vector<std::optional<int64_t>> answers;       // to the questions; none if it is not registered
  };

  // The row of this replica in SharedReplicas. Thread-safe.
  class ReplicaRegistry
  {
  public:
    ReplicaRegistry(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                    IDatabase& database);

    // Anew as well, after others have taken this replica for dead.
    void Register();

    // The same, inside a transaction that is about to give this replica something to own: a row of this
    // replica exists, and cannot be removed before the end of the transaction.
    void EnsureRegistered(Transaction& transaction) const;

    // One statement for all: an idle replica costs hardly anything else. "questions": see PulseQuestion.
    HeartbeatAnswer Beat(unsigned int runningJobs, std::span<const std::string_view> questions = {});

    // Its statement, for the tests. $1 to $3: incarnation, running jobs, microseconds of grace for local jobs
    static std::string MakeHeartbeat(std::span<const std::string_view> questions);

    // From now on this replica claims nothing any more: at once when it begins to stop.
    void SetDraining();

    // At the end of an orderly stop. The row is kept until the lease runs out as long as it owns unfinished
    // jobs.
    void Leave();

  private:
    int64_t GetLeaseMicroseconds() const;

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IDatabase& database_;
    std::atomic<bool> isDraining_ = false;
  };
}
