// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace OrthancRegistry::SQLite
{
  // Tells the watchers of this process that a message has been committed. Thread-safe.
  class CommitSignal
  {
  public:
    void Notify()
    {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        count_++;
      }
      changed_.notify_all();
    }

    // Waits until the count differs from "seen", for the stop or the timeout; answers the count.
    uint64_t Wait(uint64_t seen, std::stop_token stop, std::chrono::milliseconds timeout)
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, stop, timeout,
                        [&]
                        {
                          return count_ != seen;
                        });
      return count_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    uint64_t count_ = 0;
  };
}
