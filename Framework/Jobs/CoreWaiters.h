// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace OrthancRegistry
{
  // Threads that wait for the end of a job of the core. Thread-safe.
  class CoreWaiters
  {
  public:
    // Throws RegistryError when the core has forgotten the job, or when the watcher stops. "onAdded" is
    // called once the job is waited for.
    CoreJob Wait(const std::string& coreJobId, const std::function<void()>& onAdded);

    bool IsEmpty() const;

    // "find" answers the job, null if the core has forgotten it. Wakes up those whose job has ended.
    void Deliver(const std::function<const CoreJob*(const std::string& coreJobId)>& find);

    // All of those who wait now, and from now on, are sent away; or not any more.
    void SetClosed(bool closed);

  private:
    struct Waiter
    {
      std::optional<CoreJob> job;
      bool isForgotten = false;
    };

    mutable std::mutex mutex_;
    std::condition_variable delivered_;
    std::multimap<std::string, Waiter> waiters_;
    bool closed_ = false;
  };
}
