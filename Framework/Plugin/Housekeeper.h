// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace OrthancRegistry
{
  // Runs a task on a thread of its own, again and again with a pause between two runs. A task that throws is
  // run again at the next turn; of a series of failures only the first one is a warning.
  class Housekeeper
  {
  public:
    Housekeeper(std::chrono::seconds interval, std::function<void()> task);
    ~Housekeeper();

    void Start();

    // Returns when the task does not run any more. Idempotent; Start() may follow.
    void Stop();

  private:
    void Loop(const std::stop_token& stop);
    void RunOnce();

    const std::chrono::seconds interval_;
    const std::function<void()> task_;
    bool hasFailed_ = false;
    std::mutex mutex_;
    std::condition_variable_any wakeUp_;
    std::jthread thread_;
  };
}
