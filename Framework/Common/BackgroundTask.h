// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace OrthancRegistry
{
  // A thread that does one thing turn by turn: when it is woken up, and when the time that the last turn
  // asked for has passed (with 10% of jitter, so that replicas do not march in step). A turn that throws is
  // logged (once, until one succeeds again) and followed by a wait of one second. Thread-safe.
  class BackgroundTask
  {
  public:
    // One turn; answers the longest wait before the next one.
    using Turn = std::function<std::chrono::milliseconds()>;

    // "name" appears in the log.
    BackgroundTask(std::string name, Turn turn);

    // Like Stop()
    ~BackgroundTask();

    BackgroundTask(const BackgroundTask&) = delete;
    BackgroundTask& operator=(const BackgroundTask&) = delete;

    void Start();

    // Returns when no turn runs any more. May be started again.
    void Stop();

    void Wake();

    // At the latest after that time
    void WakeWithin(std::chrono::milliseconds time);

    // Waits until a turn that began after this call has ended. False if there was none within that time, or
    // if the thread is not running. Not to be called from a turn.
    bool RunNow(std::chrono::milliseconds patience);

  private:
    void Loop(const std::stop_token& stop);
    void WaitForTurn(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                     std::chrono::steady_clock::time_point latest);
    std::chrono::milliseconds RunTurn();

    std::string name_;
    Turn turn_;
    bool failing_ = false; // used by the thread only

    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool running_ = false;
    bool woken_ = false;
    std::optional<std::chrono::steady_clock::time_point> due_; // earlier than the last turn has asked for
    uint64_t begun_ = 0;                                       // turns
    uint64_t ended_ = 0;
    std::jthread thread_;
  };
}
