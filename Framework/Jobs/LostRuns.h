// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/CrashRecords.h"
#include "Framework/Jobs/RunStore.h"

#include <chrono>
#include <mutex>
#include <vector>

namespace OrthancRegistry
{
  // The runs that this replica has given up, or has lost to others, because its lease could not be renewed in
  // time: cancelled at once, and put in order in the database as soon as that answers again. Thread-safe.
  class LostRuns
  {
  public:
    LostRuns(RunTable& runs, RunStore& store, CrashRecords& records, ICoreClient& core);

    // Cancels all runs at the core. Uses no database.
    void GiveUp(std::chrono::steady_clock::time_point deadline);

    // Another replica has taken this job over.
    void Add(const ClaimedJob& job);

    // Before anything is claimed. Rows that are still marked as run by this replica are handed back without
    // counting the attempt; where others have taken its silence for a crash, that is put right. False if
    // GiveUp() is under way: nothing may be claimed.
    bool Recover();

  private:
    void RestoreLost(std::vector<ClaimedJob> lost);

    RunTable& runs_;
    RunStore& store_;
    CrashRecords& records_;
    ICoreClient& core_;

    std::mutex mutex_;
    bool isGivingUp_ = false;
    std::vector<ClaimedJob> lost_; // since Recover() has succeeded
  };
}
