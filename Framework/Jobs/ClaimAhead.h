// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>

namespace OrthancRegistry
{
  // How many jobs a replica may claim beyond its free slots, so that a slot that becomes free has its next
  // job at once, and one claim takes many: as many as have just ended here in the time that a claimed job may
  // wait at most. None as long as jobs take longer than the database. Thread-safe.
  class ClaimAhead
  {
  public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds PATIENCE{250}; // what has not begun by then is handed back
    static constexpr size_t MAXIMUM = 32;

    explicit ClaimAhead(size_t slots);

    // A job has ended.
    void Count(Clock::time_point now);

    // A job that may have ended its replica is on its way: those that are claimed with it would be taken for
    // the culprit as well.
    void Suspend(Clock::time_point now);

    size_t Get(Clock::time_point now);

  private:
    const size_t slots_;
    std::mutex mutex_;
    std::deque<Clock::time_point> ends_;
    Clock::time_point suspendedUntil_;
  };
}
