// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace OrthancRegistry::SQLite
{
  // At most "capacity" sessions, made on demand and kept for the next user. Waiting threads are served in the
  // order of their arrival. Thread-safe; outlives what it lends.
  class SessionPool
  {
  public:
    using Factory = std::function<std::unique_ptr<ISession>()>;

    SessionPool(size_t capacity, std::chrono::milliseconds timeout, Factory factory);

    // Throws ConnectionLostError after the timeout. If there is only one session, a thread that holds it and
    // asks again would wait for itself: that is a UsageError.
    SessionLease Acquire();

    size_t CountWaiting();

  private:
    struct Waiter
    {
      std::condition_variable wakeUp;
      bool isServed = false;
    };

    void WaitForTurn();
    std::unique_ptr<ISession> TakeIdle();
    void Release(std::unique_ptr<ISession> session);
    void FreePlace();

    const size_t capacity_;
    const std::chrono::milliseconds timeout_;
    const Factory factory_;

    std::mutex mutex_; // guards all that follows
    size_t used_ = 0;
    std::list<Waiter*> waiters_;
    std::vector<std::unique_ptr<ISession>> idle_;
    std::thread::id holder_; // of the only session
  };
}
