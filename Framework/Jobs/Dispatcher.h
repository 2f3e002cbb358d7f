// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Jobs/RunStore.h"
#include "Framework/Jobs/RunTable.h"

#include <functional>

namespace OrthancRegistry
{
  // Claims as many waiting jobs as this replica has free slots, whenever there may be one to claim.
  class Dispatcher
  {
  public:
    using CountLocalJobs = std::function<size_t()>;
    using MayClaim = std::function<bool()>;
    using OnClaimed = std::function<void(const ClaimedJob&)>;

    // "countLocalJobs" tells how many slots the core has taken for jobs of its own; "mayClaim" whether this
    // replica holds its lease: it is asked before each claim, and once more when the answer is here.
    Dispatcher(size_t slots, RunTable& runs, RunStore& store, CountLocalJobs countLocalJobs,
               MayClaim mayClaim, OnClaimed onClaimed);

    void Start();
    void Stop();
    void Wake(); // a job has been submitted, or a slot has become free

  private:
    std::chrono::milliseconds Dispatch();
    size_t CountFreeSlots() const;
    void ReleaseLostClaims();

    const size_t slots_;
    RunTable& runs_;
    RunStore& store_;
    CountLocalJobs countLocalJobs_;
    MayClaim mayClaim_;
    OnClaimed onClaimed_;
    bool isClaimInDoubt_ = false; // used by the thread only
    BackgroundTask task_;
  };
}
