// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Jobs/ClaimAhead.h"
#include "Framework/Jobs/ClaimStore.h"
#include "Framework/Jobs/PutOffStore.h"
#include "Framework/Jobs/RunStore.h"
#include "Framework/Jobs/RunTable.h"

#include <atomic>
#include <functional>
#include <limits>

namespace OrthancRegistry
{
  // Claims as many waiting jobs as this replica has free slots, whenever there may be one to claim, and some
  // more as long as jobs end faster than they can be claimed one by one.
  class Dispatcher
  {
  public:
    using CountLocalJobs = std::function<size_t()>;
    using OnClaimed = std::function<void(const ClaimedJob&)>;

    struct Lease
    {
      // Asked before each claim, and once more when the answer is here
      std::function<bool()> isHeld;

      // Called before each claim: puts in order what this replica has lost, and answers whether it may claim.
      // Never while a claim is under way, because it hands back all rows that are not in the table of the
      // runs.
      std::function<bool()> recover;
    };

    // "countLocalJobs" tells how many slots the core has taken for jobs of its own. "ahead" is null if
    // nothing is to be claimed beyond the free slots.
    Dispatcher(size_t slots, ClaimAhead* ahead, RunTable& runs, RunStore& store, ClaimStore& claims,
               PutOffStore& putOff, CountLocalJobs countLocalJobs, Lease lease, OnClaimed onClaimed);

    void Start();
    void Stop();
    void Wake(); // a job has been submitted, or a slot has become free

    // When the next of the jobs that are put off may run. Quick, to be called at each heartbeat.
    void SetNextDue(std::chrono::microseconds untilDue);

  private:
    std::chrono::milliseconds Dispatch();
    std::chrono::milliseconds PromoteDue();
    bool MayClaim() const;
    bool ClaimAll();
    size_t CountUsedSlots() const;
    size_t CountClaimable(size_t used) const;
    void Take(std::vector<ClaimedJob> jobs, size_t freeSlots);
    std::chrono::milliseconds HandBackHeld();
    void ReleaseLostClaims();

    const size_t slots_;
    ClaimAhead* const ahead_;
    RunTable& runs_;
    RunStore& store_;
    ClaimStore& claims_;
    PutOffStore& putOff_;
    CountLocalJobs countLocalJobs_;
    Lease lease_;
    OnClaimed onClaimed_;
    std::atomic<int64_t> nextDue_ = std::numeric_limits<int64_t>::max(); // of the steady clock
    // Used by the thread only
    bool isClaimInDoubt_ = false;
    unsigned int contentions_ = 0; // in succession
    BackgroundTask task_;
  };
}
