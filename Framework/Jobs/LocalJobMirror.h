// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/CoreOutcomes.h"
#include "Framework/Jobs/RunStore.h"

#include <atomic>
#include <functional>

namespace OrthancRegistry
{
  // The jobs that the core has started by itself, as the database holds them, and what has changed at the
  // core since then. CountRunning() is thread-safe, the rest is used by one turn of the watcher at a time.
  class LocalJobMirror
  {
  public:
    // "onSlotFreed" is called when fewer of them run than before.
    LocalJobMirror(RunTable& runs, RunStore& store, ICoreClient& core, CoreOutcomes& outcomes,
                   std::function<void()> onSlotFreed);

    // Reads from the database what it holds.
    void Load();

    void Collect(const CoreListing& listing, CoreUpdates& updates);

    void SetWritten(const CoreJob& job);
    bool IsWritten(const std::string& id) const;

    // Forgets jobs that neither the core lists nor the database holds as unfinished.
    void Prune(const std::set<std::string>& idsOfCore);

    bool IsAnyActive() const;
    size_t CountRunning() const;

  private:
    void CollectListed(const CoreListing& listing, CoreUpdates& updates);
    static void AddProgress(const CoreJob& written, CoreJob job, CoreUpdates& updates);
    void CollectForgotten(const CoreListing& listing, CoreUpdates& updates);

    RunTable& runs_;
    RunStore& store_;
    ICoreClient& core_;
    CoreOutcomes& outcomes_;
    std::function<void()> onSlotFreed_;
    std::atomic<size_t> running_ = 0;
    std::map<std::string, CoreJob> written_; // by the ids of the core
    std::set<std::string> known_;            // written at least once, and listed by the core since then
  };
}
