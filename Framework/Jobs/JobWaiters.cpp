// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobWaiters.h"

#include "Framework/Jobs/JobMessages.h"

namespace OrthancRegistry
{
  // Both are called by JobWaiters and by the owner of a waiter: the lock is taken here.
  JobWaiters::Waiter::Waiter(JobWaiters& waiters, const std::string& id, bool isCounted)
      : waiters_(waiters), isCounted_(isCounted)
  {
    const std::lock_guard lock(waiters_.mutex_);
    position_ = waiters_.waiters_.emplace(id, this);
  }

  JobWaiters::Waiter::~Waiter()
  {
    const std::lock_guard lock(waiters_.mutex_);
    waiters_.waiters_.erase(position_);
    waiters_.counted_ -= isCounted_ ? 1 : 0;
  }

  bool JobWaiters::Waiter::Wait(Clock::time_point deadline)
  {
    std::unique_lock lock(waiters_.mutex_);
    woken_.wait_until(lock, deadline,
                      [this]
                      {
                        return isWoken_ || waiters_.closed_;
                      });
    const bool isChanged = isWoken_ && !waiters_.closed_;
    isWoken_ = false;
    return isChanged;
  }

  JobWaiters::JobWaiters(size_t maximum) : maximum_(maximum)
  {
  }

  std::unique_ptr<JobWaiters::Waiter> JobWaiters::TryAdd(const std::string& id)
  {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || counted_ >= maximum_)
      {
        return nullptr;
      }
      counted_++;
    }
    return std::make_unique<Waiter>(*this, id, true);
  }

  std::unique_ptr<JobWaiters::Waiter> JobWaiters::Add(const std::string& id)
  {
    return std::make_unique<Waiter>(*this, id, false);
  }

  void JobWaiters::OnMessage(std::string_view message)
  {
    std::vector<std::string_view> ids;
    if (!ParseChanges(message, ids))
    {
      return;
    }
    const std::lock_guard lock(mutex_);
    const auto wake = [](Waiter& waiter)
    {
      waiter.isWoken_ = true;
      waiter.woken_.notify_one();
    };
    if (ids.empty())
    {
      for (const auto& [id, waiter] : waiters_)
      {
        wake(*waiter);
      }
      return;
    }
    if (waiters_.empty())
    {
      return;
    }
    for (const std::string_view id : ids)
    {
      const auto [begin, end] = waiters_.equal_range(std::string(id));
      for (auto waiter = begin; waiter != end; ++waiter)
      {
        wake(*waiter->second);
      }
    }
  }

  void JobWaiters::SetClosed(bool closed)
  {
    const std::lock_guard lock(mutex_);
    closed_ = closed;
    for (const auto& [id, waiter] : waiters_)
    {
      waiter->woken_.notify_one();
    }
  }

  bool JobWaiters::IsClosed() const
  {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
}
