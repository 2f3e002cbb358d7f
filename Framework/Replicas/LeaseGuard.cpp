// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/LeaseGuard.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int LOOKS_PER_LEASE = 30;

    LeaseGuard::Clock::duration GetSafePart(std::chrono::milliseconds lease)
    {
      return lease * 2 / 3;
    }
  }

  LeaseGuard::LeaseGuard(std::chrono::milliseconds lease, OnLosing onLosing)
      : lease_(lease), onLosing_(std::move(onLosing)), task_("The guard of the lease",
                                                             [this]
                                                             {
                                                               return Watch();
                                                             })
  {
  }

  void LeaseGuard::Start()
  {
    task_.Start();
  }

  void LeaseGuard::Stop()
  {
    task_.Stop();
  }

  bool LeaseGuard::Renew(Clock::time_point sent)
  {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    const bool wasHeld = isHeld_ && now < sent_ + GetSafePart(lease_);
    // Whoever begins anew must not have to give up again at once.
    if (now >= sent + (wasHeld ? GetSafePart(lease_) : GetSafePart(lease_) / 2))
    {
      return false; // it took too long to be of use
    }
    isHeld_ = true;
    sent_ = wasHeld ? std::max(sent_, sent) : sent;
    return !wasHeld;
  }

  bool LeaseGuard::IsHeld() const
  {
    const std::lock_guard lock(mutex_);
    return isHeld_ && Clock::now() < sent_ + GetSafePart(lease_);
  }

  void LeaseGuard::Check()
  {
    const std::lock_guard losing(losingMutex_); // whoever comes second waits for the first
    Clock::time_point leaseEnd;
    {
      const std::lock_guard lock(mutex_);
      if (!isHeld_ || Clock::now() < sent_ + GetSafePart(lease_))
      {
        return;
      }
      isHeld_ = false;
      leaseEnd = sent_ + lease_;
    }
    onLosing_(leaseEnd);
  }

  std::chrono::milliseconds LeaseGuard::Watch()
  {
    Check();
    return std::max(std::chrono::milliseconds(1), lease_ / LOOKS_PER_LEASE);
  }
}
