// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/ConnectionPool.h"

#include "Framework/Database/DatabaseErrors.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

namespace OrthancRegistry::Testing
{
  namespace
  {
    using namespace std::chrono_literals;

    struct Counters
    {
      std::atomic<int> opened = 0;
      std::atomic<int> closed = 0;
      std::atomic<int> rolledBack = 0;
      std::atomic<bool> usable = true;
    };

    class FakeSession : public ISession
    {
    public:
      explicit FakeSession(Counters& counters) : counters_(counters), number_(++counters.opened)
      {
      }

      ~FakeSession() override
      {
        counters_.closed++;
      }

      void Begin(AccessMode) override
      {
      }

      void Commit() override
      {
      }

      void Rollback() noexcept override
      {
        counters_.rolledBack++;
      }

      void Enqueue(std::string_view, std::span<const Parameter>, RowHandler, DoneHandler) override
      {
      }

      void Flush() override
      {
      }

      void ExecuteScript(std::string_view) override
      {
      }

      bool IsUsable() const override
      {
        return counters_.usable;
      }

      const SessionStatistics& GetStatistics() const override
      {
        return statistics_;
      }

      int GetNumber() const
      {
        return number_;
      }

    private:
      Counters& counters_;
      int number_;
      SessionStatistics statistics_;
    };

    int GetNumber(const SessionLease& lease)
    {
      return dynamic_cast<const FakeSession&>(lease.GetSession()).GetNumber();
    }
  }

  class ConnectionPoolTest : public testing::Test
  {
  protected:
    ConnectionPool::Factory GetFactory()
    {
      return [this]
      {
        return std::make_unique<FakeSession>(counters_);
      };
    }

    Counters counters_;
    ConnectionPool::Clock::time_point now_ = ConnectionPool::Clock::now();
    ConnectionPool pool_{{2, 20ms, 60s},
                         GetFactory(),
                         [this]
                         {
                           return now_;
                         }};
  };

  TEST_F(ConnectionPoolTest, ReusesTheOneUsedLast)
  {
    {
      const SessionLease first = pool_.Acquire();
      const SessionLease second = pool_.Acquire();
      EXPECT_EQ(2u, pool_.GetStatistics().open);
      EXPECT_EQ(0u, pool_.GetStatistics().idle);
    } // destroyed in the reverse order
    for (int i = 0; i < 3; i++)
    {
      EXPECT_EQ(1, GetNumber(pool_.Acquire()));
    }
    EXPECT_EQ(2u, pool_.GetStatistics().idle);
    EXPECT_EQ(2, counters_.opened);
  }

  TEST_F(ConnectionPoolTest, MaximumAndDeadline)
  {
    const SessionLease first = pool_.Acquire();
    const SessionLease second = pool_.Acquire();
    EXPECT_THROW(pool_.Acquire(), ConnectionLostError);
    EXPECT_EQ(2u, pool_.GetStatistics().open);
  }

  TEST_F(ConnectionPoolTest, WaitsForAReleasedSession)
  {
    ConnectionPool pool({1, 60s, 60s}, GetFactory());
    std::optional<SessionLease> lease(pool.Acquire());
    std::atomic<bool> waiting = false;
    std::thread other(
        [&]
        {
          waiting = true;
          EXPECT_EQ(1, GetNumber(pool.Acquire()));
        });
    while (!waiting)
    {
      std::this_thread::yield();
    }
    lease.reset();
    other.join();
    EXPECT_EQ(1, counters_.opened);
  }

  TEST_F(ConnectionPoolTest, WaitsForTheRoomOfABrokenSession)
  {
    ConnectionPool pool({1, 60s, 60s}, GetFactory());
    std::optional<SessionLease> lease(pool.Acquire());
    std::thread other(
        [&]
        {
          EXPECT_EQ(2, GetNumber(pool.Acquire()));
        });
    counters_.usable = false;
    lease.reset();
    other.join();
    EXPECT_EQ(0u, pool.GetStatistics().open);
  }

  TEST_F(ConnectionPoolTest, UnusableSessionsAreDropped)
  {
    pool_.Acquire();
    counters_.usable = false; // broke while idle
    EXPECT_EQ(2, GetNumber(pool_.Acquire()));
    EXPECT_EQ(2, counters_.closed); // broke while lent
    EXPECT_EQ(0u, pool_.GetStatistics().open);
  }

  TEST_F(ConnectionPoolTest, ReturnedSessionsAreRolledBack)
  {
    pool_.Acquire();
    EXPECT_EQ(1, counters_.rolledBack);
  }

  TEST_F(ConnectionPoolTest, IdleSessionsAreClosed)
  {
    {
      const SessionLease first = pool_.Acquire();
      const SessionLease second = pool_.Acquire();
    }
    now_ += 59s;
    pool_.Acquire();
    EXPECT_EQ(0, counters_.closed);
    now_ += 2s;
    EXPECT_EQ(1, GetNumber(pool_.Acquire()));
    EXPECT_EQ(1, counters_.closed);
    EXPECT_EQ(1u, pool_.GetStatistics().open);
  }

  TEST_F(ConnectionPoolTest, FailureToOpenTakesNoRoom)
  {
    bool fail = true;
    ConnectionPool pool({1, 20ms, 60s},
                        [&]() -> std::unique_ptr<ISession>
                        {
                          if (fail)
                          {
                            throw ConnectionLostError("away");
                          }
                          return std::make_unique<FakeSession>(counters_);
                        });
    EXPECT_THROW(pool.Acquire(), ConnectionLostError);
    EXPECT_THROW(pool.Acquire(), ConnectionLostError);
    EXPECT_EQ(0u, pool.GetStatistics().open);
    fail = false;
    pool.Acquire();
    EXPECT_EQ(1u, pool.GetStatistics().open);
  }

  TEST_F(ConnectionPoolTest, ManyThreads)
  {
    ConnectionPool pool({3, 60s, 60s}, GetFactory());
    std::atomic<int> used = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; i++)
    {
      threads.emplace_back(
          [&]
          {
            for (int j = 0; j < 500; j++)
            {
              const SessionLease lease = pool.Acquire();
              EXPECT_GE(3, ++used);
              used--;
            }
          });
    }
    threads.clear();
    EXPECT_GE(3, counters_.opened);
    EXPECT_EQ(pool.GetStatistics().idle, pool.GetStatistics().open);
  }
}
