// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteSessionPool.h"

#include "Framework/Database/DatabaseErrors.h"

namespace OrthancRegistry::SQLite
{
  SessionPool::SessionPool(size_t capacity, std::chrono::milliseconds timeout, Factory factory)
      : capacity_(capacity), timeout_(timeout), factory_(std::move(factory))
  {
  }

  SessionLease SessionPool::Acquire()
  {
    WaitForTurn();
    try
    {
      std::unique_ptr<ISession> session = TakeIdle();
      if (session == nullptr)
      {
        session = factory_();
      }
      return SessionLease(std::move(session),
                          [this](std::unique_ptr<ISession> used)
                          {
                            Release(std::move(used));
                          });
    }
    catch (...)
    {
      FreePlace();
      throw;
    }
  }

  size_t SessionPool::CountWaiting()
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waiters_.size();
  }

  void SessionPool::WaitForTurn()
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const std::thread::id self = std::this_thread::get_id();
    if (capacity_ == 1 && used_ == 1 && holder_ == self)
    {
      throw UsageError("SQLite: this thread is in a writing transaction already");
    }
    if (used_ < capacity_ && waiters_.empty())
    {
      used_++;
      holder_ = self;
      return;
    }

    Waiter waiter;
    const auto position = waiters_.insert(waiters_.end(), &waiter);
    const bool isServed = waiter.wakeUp.wait_for(lock, timeout_,
                                                 [&]
                                                 {
                                                   return waiter.isServed;
                                                 });
    if (!isServed)
    {
      waiters_.erase(position);
      throw ConnectionLostError("SQLite: no connection became free in time");
    }
    holder_ = self;
  }

  std::unique_ptr<ISession> SessionPool::TakeIdle()
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.empty())
    {
      return nullptr;
    }
    std::unique_ptr<ISession> session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }

  void SessionPool::Release(std::unique_ptr<ISession> session)
  {
    if (session->IsUsable())
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      idle_.push_back(std::move(session));
    }
    session.reset(); // before somebody opens another one in its place
    FreePlace();
  }

  // The place goes straight to the one who waits for longest, so that nobody can overtake him
  void SessionPool::FreePlace()
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    holder_ = {};
    if (waiters_.empty())
    {
      used_--;
      return;
    }
    Waiter& next = *waiters_.front();
    waiters_.pop_front();
    next.isServed = true;
    next.wakeUp.notify_one();
  }
}
