// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace OrthancRegistry::SQLite
{
  // Brings committed transactions to the disk, outside of the lock of the writers: one sync of the
  // write-ahead log is enough for all that was committed before it began, also by other processes.
  // Thread-safe.
  class LogSync
  {
  public:
    // Throws if what was committed may not be on the disk. Called by one thread at a time.
    using Sync = std::function<void()>;

    explicit LogSync(Sync sync);

    // The calling thread has committed something, or has seen what others have. Answers the number to wait
    // for. Called while nobody else can write in this process.
    uint64_t Add();

    // The number to wait for if there was nothing new
    uint64_t GetLast() const;

    // Returns when all up to that number is on the disk. CommitInDoubtError if that has failed once: nobody
    // can tell then what the disk has, not even by a later sync that succeeds.
    void Wait(uint64_t number);

    // StatementError once a sync has failed.
    void CheckUsable() const;

    uint64_t CountSyncs() const;

  private:
    bool RunSync(std::unique_lock<std::mutex>& lock);

    const Sync sync_;
    mutable std::mutex mutex_; // guards all that follows
    std::condition_variable changed_;
    uint64_t last_ = 0;
    uint64_t synced_ = 0;
    uint64_t syncs_ = 0;
    bool isRunning_ = false;
    bool hasFailed_ = false;
  };
}
