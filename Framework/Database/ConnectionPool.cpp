// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/ConnectionPool.h"

#include "Framework/Database/DatabaseErrors.h"

namespace OrthancRegistry
{
  ConnectionPool::ConnectionPool(const Limits& limits, Factory factory, Now now)
      : limits_(limits), factory_(std::move(factory)), now_(std::move(now))
  {
  }

  SessionLease ConnectionPool::Acquire()
  {
    Sessions closed; // destroyed, and disconnected, after the mutex was left
    std::unique_ptr<ISession> session;
    const Clock::time_point deadline = Clock::now() + limits_.acquireTimeout;
    {
      std::unique_lock lock(mutex_);
      for (;;)
      {
        session = TakeIdle(closed);
        if (session != nullptr)
        {
          break;
        }
        if (open_ < limits_.maximum)
        {
          open_++;
          break;
        }
        if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && idle_.empty() &&
            open_ >= limits_.maximum)
        {
          throw ConnectionLostError("All " + std::to_string(limits_.maximum) +
                                    " connections to the database are in use");
        }
      }
    }
    if (session == nullptr)
    {
      session = Open();
    }
    return {std::move(session), [this](std::unique_ptr<ISession> returned)
            {
              Release(std::move(returned));
            }};
  }

  // With the mutex held
  std::unique_ptr<ISession> ConnectionPool::TakeIdle(Sessions& closed)
  {
    for (auto& expired : RemoveExpired())
    {
      closed.push_back(std::move(expired));
    }
    while (!idle_.empty())
    {
      std::unique_ptr<ISession> session = std::move(idle_.back().session);
      idle_.pop_back();
      if (session->IsUsable())
      {
        return session;
      }
      open_--;
      closed.push_back(std::move(session));
    }
    return nullptr;
  }

  std::unique_ptr<ISession> ConnectionPool::Open()
  {
    try
    {
      return factory_();
    }
    catch (...)
    {
      {
        const std::lock_guard lock(mutex_);
        open_--;
      }
      changed_.notify_one();
      throw;
    }
  }

  void ConnectionPool::Release(std::unique_ptr<ISession> session)
  {
    session->Rollback();
    const bool usable = session->IsUsable();
    Sessions closed;
    {
      const std::lock_guard lock(mutex_);
      if (usable)
      {
        idle_.push_back({std::move(session), now_()});
      }
      else
      {
        open_--;
      }
      closed = RemoveExpired();
    }
    changed_.notify_one();
  }

  // With the mutex held
  ConnectionPool::Sessions ConnectionPool::RemoveExpired()
  {
    Sessions expired;
    const Clock::time_point limit = now_() - limits_.idleRelease;
    while (!idle_.empty() && idle_.front().since < limit)
    {
      expired.push_back(std::move(idle_.front().session));
      idle_.pop_front();
      open_--;
    }
    return expired;
  }

  ConnectionPool::Statistics ConnectionPool::GetStatistics() const
  {
    const std::lock_guard lock(mutex_);
    return {open_, idle_.size()};
  }
}
