// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/ClaimRank.h"
#include "Framework/Jobs/LimitedChoice.h"
#include "Framework/Jobs/RunTable.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <atomic>
#include <vector>

namespace OrthancRegistry
{
  struct ClaimAnswer
  {
    std::vector<ClaimedJob> jobs;
    bool isContended = false; // others were claiming the same: there may be more to claim in a moment
  };

  // How a replica takes waiting jobs. Thread-safe.
  class ClaimStore
  {
  public:
    ClaimStore(const JobsConfiguration& configuration, const ReplicaIdentity& identity, IDatabase& database,
               IMessageBus& bus);

    static constexpr size_t MAXIMUM_CLAIM = 64;

    // Takes up to "count" waiting jobs, and at most MAXIMUM_CLAIM, in the order of their rank, then of
    // submission, as far as the limits of the flow let them run. None if the row of this replica is gone.
    ClaimAnswer Claim(size_t count);

  private:
    void Prepare();
    std::vector<ClaimedJob> ClaimNext(Transaction& transaction, size_t count) const;
    std::vector<ClaimedJob> ClaimChosen(Transaction& transaction, const std::vector<std::string>& ids) const;

    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
    const ClaimRank rank_;
    const bool hasLimits_;
    const LimitedChoice choice_;
    std::atomic<bool> isPrepared_ = false;
  };
}
