// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // Threads that wait for changes of jobs. Messages wake up those who wait for the jobs that they name; the
  // waiting itself uses no database. Thread-safe.
  class JobWaiters
  {
  public:
    using Clock = std::chrono::steady_clock;

    // Registered for one job as long as it exists: whatever happens after it has been made is not missed.
    // Used by one thread.
    class Waiter
    {
    public:
      Waiter(JobWaiters& waiters, const std::string& id, bool isCounted);
      ~Waiter();

      Waiter(const Waiter&) = delete;
      Waiter& operator=(const Waiter&) = delete;

      // Until the job has changed since the last call, or since this was made. False at the deadline, and
      // when all are sent away.
      bool Wait(Clock::time_point deadline);

    private:
      friend class JobWaiters;

      JobWaiters& waiters_;
      const bool isCounted_;
      bool isWoken_ = false;
      std::condition_variable woken_;
      std::multimap<std::string, Waiter*>::iterator position_;
    };

    // "maximum" concerns TryAdd() only.
    explicit JobWaiters(size_t maximum);

    // For requests of clients: null if as many as may wait do so already, or if all have been sent away.
    std::unique_ptr<Waiter> TryAdd(const std::string& id);

    // For short waits of our own
    std::unique_ptr<Waiter> Add(const std::string& id);

    // A message of the bus; those about something else are ignored.
    void OnMessage(std::string_view message);

    // All are sent away, and from now on nobody waits; or not any more.
    void SetClosed(bool closed);
    bool IsClosed() const;

  private:
    mutable std::mutex mutex_;
    const size_t maximum_;
    size_t counted_ = 0;
    bool closed_ = false;
    std::multimap<std::string, Waiter*> waiters_;
  };
}
