// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/CoreWaiters.h"

namespace OrthancRegistry
{
  CoreJob CoreWaiters::Wait(const std::string& coreJobId, const std::function<void()>& onAdded)
  {
    std::unique_lock lock(mutex_);
    const auto waiter = waiters_.emplace(coreJobId, Waiter());
    lock.unlock();
    onAdded();
    lock.lock();
    delivered_.wait(lock,
                    [&]
                    {
                      return closed_ || waiter->second.isForgotten || waiter->second.job.has_value();
                    });
    const Waiter result = std::move(waiter->second);
    waiters_.erase(waiter);
    if (result.job)
    {
      return *result.job;
    }
    if (result.isForgotten)
    {
      throw RegistryError(ErrorCode::InexistentItem, "The core has forgotten job " + coreJobId);
    }
    throw RegistryError(ErrorCode::DatabaseUnavailable,
                        "This server is about to stop, nobody waits for job " + coreJobId);
  }

  bool CoreWaiters::IsEmpty() const
  {
    const std::lock_guard lock(mutex_);
    return waiters_.empty();
  }

  void CoreWaiters::Deliver(const std::function<const CoreJob*(const std::string& coreJobId)>& find)
  {
    {
      const std::lock_guard lock(mutex_);
      for (auto& [id, waiter] : waiters_)
      {
        const CoreJob* const job = find(id);
        if (job == nullptr)
        {
          waiter.isForgotten = true;
        }
        else if (IsEnded(job->state))
        {
          waiter.job = *job;
        }
      }
    }
    delivered_.notify_all();
  }

  void CoreWaiters::SetClosed(bool closed)
  {
    {
      const std::lock_guard lock(mutex_);
      closed_ = closed;
    }
    delivered_.notify_all();
  }
}
