// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "UnitTests/TestDatabases.h"

#include <atomic>
#include <latch>
#include <thread>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

class DatabaseIsolation : public EngineTest
{
protected:
  void SetUp() override
  {
    EngineTest::SetUp();
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    transaction.ExecuteScript("CREATE TABLE Counter(value BIGINT NOT NULL); INSERT INTO Counter VALUES(0);");
    transaction.Commit();
  }

  static int64_t Read(IDatabase& database)
  {
    Transaction transaction(database, AccessMode::ReadOnly);
    return transaction.QueryValue<int64_t>("SELECT value FROM Counter");
  }

  static void Increment(IDatabase& database, int count)
  {
    for (int i = 0; i < count; i++)
    {
      RunTransaction(database, AccessMode::ReadWrite,
                     [](Transaction& transaction)
                     {
                       const auto value =
                           transaction.QueryValue<int64_t>("SELECT value FROM Counter FOR UPDATE");
                       transaction.Execute("UPDATE Counter SET value = $1", value + 1);
                     });
    }
  }
};

CONFORMANCE_SUITE(DatabaseIsolation);

TEST_P(DatabaseIsolation, ReadersNeitherSeeNorAwaitAWriter)
{
  const auto other = database_->Connect();
  Transaction writer(GetDatabase(), AccessMode::ReadWrite);
  writer.Execute("UPDATE Counter SET value = 1");
  writer.Flush();
  EXPECT_EQ(0, Read(GetDatabase()));
  EXPECT_EQ(0, Read(*other));
  writer.Commit();
  EXPECT_EQ(1, Read(GetDatabase()));
  EXPECT_EQ(1, Read(*other));
}

TEST_P(DatabaseIsolation, WriterDoesNotAwaitReaders)
{
  Transaction reader(GetDatabase(), AccessMode::ReadOnly);
  EXPECT_EQ(0, reader.QueryValue<int>("SELECT value FROM Counter"));
  Increment(GetDatabase(), 1);
  EXPECT_EQ(1, Read(GetDatabase()));
}

TEST_P(DatabaseIsolation, ManyReadersAtOnce)
{
  std::vector<std::unique_ptr<Transaction>> readers;
  for (int i = 0; i < 10; i++)
  {
    readers.push_back(std::make_unique<Transaction>(GetDatabase(), AccessMode::ReadOnly));
    EXPECT_EQ(0, readers.back()->QueryValue<int>("SELECT value FROM Counter"));
  }
}

TEST_P(DatabaseIsolation, WritersOfOnePoolLoseNothing)
{
  constexpr int THREADS = 4;
  constexpr int COUNT = 50;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < THREADS; i++)
    {
      threads.emplace_back(
          [&]
          {
            Increment(GetDatabase(), COUNT);
          });
    }
  }
  EXPECT_EQ(THREADS * COUNT, Read(GetDatabase()));
}

TEST_P(DatabaseIsolation, WritersOfSeveralPoolsLoseNothing)
{
  constexpr int THREADS = 4;
  constexpr int COUNT = 25;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < THREADS; i++)
    {
      threads.emplace_back(
          [&]
          {
            Increment(*database_->Connect(), COUNT);
          });
    }
  }
  EXPECT_EQ(THREADS * COUNT, Read(GetDatabase()));
}

TEST_P(DatabaseIsolation, ExclusiveIsAloneOfItsKind)
{
  constexpr int THREADS = 4;
  std::latch start(THREADS);
  std::atomic<int> inside = 0;
  std::atomic<int> maximum = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < THREADS; i++)
    {
      threads.emplace_back(
          [&]
          {
            const auto database = database_->Connect();
            start.arrive_and_wait();
            for (int j = 0; j < 20; j++)
            {
              Transaction transaction(*database, AccessMode::Exclusive);
              transaction.QueryValue<int64_t>("SELECT value FROM Counter");
              maximum = std::max(maximum.load(), ++inside);
              std::this_thread::yield();
              inside--;
              transaction.Commit();
            }
          });
    }
  }
  EXPECT_EQ(1, maximum);
}
