// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace OrthancRegistry
{
  // How often something has been announced, to be waited for. Thread-safe.
  class ChangeSignal
  {
  public:
    uint64_t GetCount() const
    {
      const std::lock_guard lock(mutex_);
      return count_;
    }

    void Raise()
    {
      {
        const std::lock_guard lock(mutex_);
        count_++;
      }
      raised_.notify_all();
    }

    bool WaitBeyond(uint64_t count, std::chrono::steady_clock::time_point deadline) const
    {
      std::unique_lock lock(mutex_);
      return raised_.wait_until(lock, deadline,
                                [&]
                                {
                                  return count_ > count;
                                });
    }

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable raised_;
    uint64_t count_ = 0;
  };
}
