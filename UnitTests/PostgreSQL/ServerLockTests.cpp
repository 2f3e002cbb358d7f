// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/ServerLock.h"

#include "Framework/Database/Transaction.h"
#include "UnitTests/Database/PostgreSQLFixture.h"

#include <atomic>
#include <optional>

namespace OrthancRegistry::Testing
{
  namespace
  {
    class ServerLockTest : public PostgreSQLTest
    {
    protected:
      void SetUp() override
      {
        PostgreSQLTest::SetUp();
        static std::atomic<int64_t> last = 1000;
        number_ = ++last;
      }

      // The process of the server that holds the lock, 0 if none does
      int64_t GetHolder() const
      {
        Transaction transaction(*server_, AccessMode::ReadOnly);
        return transaction.QueryValue<int64_t>(
            "SELECT CAST(COALESCE(MAX(pid), 0) AS BIGINT) FROM pg_locks WHERE locktype = 'advisory' AND "
            "granted AND CAST(objid AS BIGINT) = $1 AND database = (SELECT oid FROM pg_database WHERE "
            "datname "
            "= current_database())",
            number_);
      }

      std::string Write(ServerLock& lock)
      {
        LockedDatabase locked(*database_, lock);
        return GetErrorText(
            [&]
            {
              Transaction transaction(locked, AccessMode::ReadWrite);
              transaction.Query<bool>("SELECT true");
              transaction.Commit();
            });
      }

      std::string Read(ServerLock& lock)
      {
        LockedDatabase locked(*database_, lock);
        return GetErrorText(
            [&]
            {
              Transaction transaction(locked, AccessMode::ReadOnly);
              transaction.Query<bool>("SELECT true");
              transaction.Commit();
            });
      }

      int64_t number_ = 0;
    };

    TEST_F(ServerLockTest, KeepsOthersOut)
    {
      ServerLock first(parameters_, number_);
      EXPECT_NE(Write(first), "");
      first.Take();
      EXPECT_EQ(Write(first), "");
      PostgreSQLParameters parameters = parameters_;
      parameters.Add("application_name", "the second");
      ServerLock second(parameters, number_);
      const std::string message = GetErrorText(
          [&]
          {
            second.Take();
          });
      EXPECT_NE(message.find("\"Orthanc registry\" on 127.0.0.1"), std::string::npos) << message;
      EXPECT_NE(message.find("\"PostgreSQL.Lock\""), std::string::npos) << message;
      ServerLock other(parameters_, number_ + 1000000);
      other.Take();

      first.Release();
      EXPECT_NE(Write(first), "");
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return GetHolder() == 0;
          }));
      second.Take();
      EXPECT_NE(GetHolder(), 0);
    }

    TEST_F(ServerLockTest, IsTakenAgainBeforeTheNextWrite)
    {
      ServerLock lock(parameters_, number_);
      lock.Take();
      for (int i = 0; i < 5; i++)
      {
        const int64_t before = GetHolder();
        TerminateProcess(before);
        EXPECT_EQ(Write(lock), "");
        const int64_t after = GetHolder();
        EXPECT_NE(after, 0);
        EXPECT_NE(after, before);
      }
    }

    TEST_F(ServerLockTest, IsTakenAgainByItself)
    {
      ServerLock lock(parameters_, number_);
      lock.Take();
      TerminateProcess(GetHolder());
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return GetHolder() != 0;
          }));
    }

    TEST_F(ServerLockTest, NothingIsWrittenWhileAnotherHasIt)
    {
      ServerLock lock(parameters_, number_);
      lock.Take();
      const int64_t process = GetHolder();

      // Another one waits in line, and gets it as soon as the connection is gone
      PostgreSQLConnection other(parameters_);
      std::thread waiter(
          [&]
          {
            other.Execute("SELECT pg_advisory_lock(CAST($1 AS BIGINT))", {std::to_string(number_)});
          });
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return IsWaiting(PQbackendPID(other.Get()));
          }));
      TerminateProcess(process);
      waiter.join();
      EXPECT_NE(Write(lock).find("lock"), std::string::npos);
      EXPECT_EQ(Read(lock), "");
      EXPECT_EQ(GetHolder(), PQbackendPID(other.Get()));

      other.Execute("SELECT pg_advisory_unlock_all()", {});
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return Write(lock).empty();
          }));
      EXPECT_NE(GetHolder(), PQbackendPID(other.Get()));
    }

    TEST_F(ServerLockTest, EndsWithItsObject)
    {
      {
        ServerLock lock(parameters_, number_);
        lock.Take();
      }
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return GetHolder() == 0;
          }));
    }
  }
}
