// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/CoreOutcomes.h"
#include "Framework/Jobs/RunStore.h"

#include <functional>

namespace OrthancRegistry
{
  // The runs of queued jobs as the database holds them, and what has changed at the core since then. Used by
  // one turn of the watcher at a time.
  class RunMirror
  {
  public:
    // "onSlotFreed" is called when a run has turned out not to be of this replica any more.
    RunMirror(RunTable& runs, ICoreClient& core, CoreOutcomes& outcomes, std::function<void()> onSlotFreed);

    // All runs are written once more.
    void Forget();

    // "runs" must have been read before "listing": a run that is not listed is not there any more. Null: only
    // those that are known to have ended.
    void Collect(const std::vector<Run>& runs, const CoreListing* listing, CoreUpdates& updates);

    // The update has been written, or was stale. True if a slot has become free.
    bool Settle(const RunUpdate& update, bool isStale);

    // Forgets runs that nobody follows any more.
    void Prune();

  private:
    static void Add(const ClaimedJob& job, const CoreJob* written, CoreJob core, CoreUpdates& updates);
    std::optional<CoreJob> Read(const Run& run, const CoreListing* listing);

    RunTable& runs_;
    ICoreClient& core_;
    CoreOutcomes& outcomes_;
    std::function<void()> onSlotFreed_;
    std::map<std::string, CoreJob> written_; // by the ids of the core
  };
}
