// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace OrthancRegistry
{
  // Runs a task on a thread of its own, with a pause between two runs: at the start, after each pause in
  // which there was something to do, and once in a longer time all the same. A task that throws is run again
  // at the next turn; of a series of failures only the first one is a warning.
  class Housekeeper
  {
  public:
    static constexpr std::chrono::seconds IDLE_INTERVAL{60};

    Housekeeper(std::chrono::seconds interval, std::function<void()> task,
                std::chrono::milliseconds idleInterval = IDLE_INTERVAL);
    ~Housekeeper();

    void Start();

    // There is something to do. Quick, and thread-safe.
    void Notice();

    // Returns when the task does not run any more. Idempotent; Start() may follow.
    void Stop();

  private:
    void Loop(const std::stop_token& stop);
    bool IsDue();
    void RunOnce();

    const std::chrono::seconds interval_;
    const std::function<void()> task_;
    const std::chrono::milliseconds idleInterval_;
    std::chrono::steady_clock::time_point lastRun_;
    std::atomic<bool> isNoticed_ = true;
    bool hasFailed_ = false;
    std::mutex mutex_;
    std::condition_variable_any wakeUp_;
    std::jthread thread_;
  };
}
