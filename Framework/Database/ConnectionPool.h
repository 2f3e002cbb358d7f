// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace OrthancRegistry
{
  // Sessions of one database, opened on demand up to a maximum, lent and taken back. Thread-safe; outlives
  // the sessions it lends. The one used last is lent first, so that those not needed grow old and are closed.
  class ConnectionPool
  {
  public:
    using Clock = std::chrono::steady_clock;

    // Opens a session, or throws. Called from the threads that call Acquire(), by several at once.
    using Factory = std::function<std::unique_ptr<ISession>()>;
    using Now = std::function<Clock::time_point()>;

    struct Limits
    {
      size_t maximum;
      Clock::duration acquireTimeout; // longest wait for a session that another thread uses
      Clock::duration
          idleRelease; // a session not used for so long is closed, when another one is acquired or given back
    };

    struct Statistics
    {
      size_t open; // lent, idle, or being opened
      size_t idle;
    };

    ConnectionPool(const Limits& limits, Factory factory, Now now = Clock::now);

    // Throws ConnectionLostError if no session became free in time, and what the factory throws.
    SessionLease Acquire();

    Statistics GetStatistics() const;

  private:
    struct IdleSession
    {
      std::unique_ptr<ISession> session;
      Clock::time_point since;
    };

    using Sessions = std::vector<std::unique_ptr<ISession>>;

    std::unique_ptr<ISession> TakeIdle(Sessions& closed);
    std::unique_ptr<ISession> Open();
    void Release(std::unique_ptr<ISession> session);
    Sessions RemoveExpired();

    const Limits limits_;
    const Factory factory_;
    const Now now_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    size_t open_ = 0;
    std::deque<IdleSession> idle_; // the one used last at the end
  };
}
