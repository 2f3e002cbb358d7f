// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Directory/DirectoryApplier.h"
#include "Framework/Directory/DirectoryEdge.h"

#include <atomic>

namespace OrthancRegistry
{
  // The read edge: follows the versions of the lists, and brings the memory of the core in line with the
  // rows. Thread-safe. Must not be waited for where the core holds one of its locks: in operations on the
  // database, and in change events.
  class DirectorySync
  {
  public:
    // The references must outlive this object. "interval": how often it looks without being told to.
    DirectorySync(const DirectoryConfiguration& configuration, const ReplicaIdentity& identity,
                  IDatabase& database, const DirectoryStore& store, DirectoryMirrors& mirrors,
                  ICoreLists& core, std::chrono::milliseconds interval = std::chrono::seconds(5));
    ~DirectorySync();

    // The core serves REST calls. May be called several times.
    void Start();

    // Nothing is begun any more, and what goes on ends soon. Never waits: in change events of the core, where
    // its PUT and DELETE wait for the event to end.
    void Quit();

    // For good. Waits for the turn that goes on.
    void Stop();

    // Something may have changed. Never waits.
    void Wake();

    // The same, if it has not been seen yet: that is the version of the list in the database.
    void OnVersion(DirectoryKind kind, int64_t version);

    // A save of the core may have failed unseen. Never waits.
    void Doubt();

    // Returns when everything that was committed before the call is in the memory of the core: true. If the
    // database does not answer in time: false, with a warning in the log, and what is known has to do.
    bool EnsureFresh();

  private:
    using Clock = std::chrono::steady_clock;

    std::chrono::milliseconds RunTurn();
    bool Synchronize();
    bool SynchronizeList(DirectoryKind kind, int64_t version);
    bool RunNow(std::chrono::milliseconds patience);
    bool HasHungFor(std::chrono::milliseconds time) const;
    void ReportStale();

    const DirectoryConfiguration& configuration_;
    IDatabase& database_;
    const DirectoryStore& store_;
    DirectoryMirrors& mirrors_;
    DirectoryApplier applier_;
    const std::chrono::milliseconds interval_;
    std::mutex lifeMutex_; // of starting and stopping
    std::atomic<bool> isStopped_ = false;
    std::atomic<bool> isStarted_ = false;
    std::atomic<Clock::rep> turnBegan_ = 0; // 0 between two turns
    std::atomic<Clock::rep> hungTurn_ = 0;  // the value of the above of a turn that takes too long
    std::atomic<bool> isFailing_ = false;
    std::atomic<bool> isStaleReported_ = false;
    BackgroundTask task_;
  };
}
