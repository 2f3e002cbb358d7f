// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"

namespace OrthancRegistry
{
  // Knows until when the other replicas take this one for alive, by the own monotonic clock: a heartbeat can
  // hang in the database, so this is a thread of its own that never uses it. When less than a third of the
  // lease is left, it has what was claimed given up, so that nobody else can begin before this is done.
  // Thread-safe.
  class LeaseGuard
  {
  public:
    using Clock = std::chrono::steady_clock;
    using OnLosing = std::function<void(Clock::time_point leaseEnd)>;

    // "onLosing" is called once per lease that is not renewed, from the own thread or from Check().
    LeaseGuard(std::chrono::milliseconds lease, OnLosing onLosing);

    void Start();
    void Stop();

    // A sign of life that was sent at that time has been written. True if the lease was not held before, and
    // is now.
    bool Renew(Clock::time_point sent);

    // False from the time when claims are given up, until the lease is renewed
    bool IsHeld() const;

    // Gives up now if it is high time: a suspended process calls it when it wakes up, before it does
    // anything. Returns when that is done.
    void Check();

  private:
    std::chrono::milliseconds Watch();

    const std::chrono::milliseconds lease_;
    const OnLosing onLosing_;

    std::mutex losingMutex_;
    mutable std::mutex mutex_;
    bool isHeld_ = false;
    Clock::time_point sent_;

    BackgroundTask task_;
  };
}
