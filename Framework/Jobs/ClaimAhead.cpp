// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ClaimAhead.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t ENDS_PER_SLOT = 4; // in that time, before anything is claimed ahead
    constexpr std::chrono::seconds SUSPENSION{30};
  }

  ClaimAhead::ClaimAhead(size_t slots) : slots_(slots)
  {
  }

  void ClaimAhead::Count(Clock::time_point now)
  {
    const std::lock_guard lock(mutex_);
    ends_.push_back(now);
    if (ends_.size() > std::max(2 * MAXIMUM, ENDS_PER_SLOT * slots_))
    {
      ends_.pop_front();
    }
  }

  void ClaimAhead::Suspend(Clock::time_point now)
  {
    const std::lock_guard lock(mutex_);
    suspendedUntil_ = now + SUSPENSION;
  }

  size_t ClaimAhead::Get(Clock::time_point now)
  {
    const std::lock_guard lock(mutex_);
    while (!ends_.empty() && ends_.front() + PATIENCE < now)
    {
      ends_.pop_front();
    }
    if (now < suspendedUntil_ || ends_.size() < ENDS_PER_SLOT * slots_)
    {
      return 0;
    }
    return std::min(ends_.size() / 2, MAXIMUM); // half, because others may slow down
  }
}
