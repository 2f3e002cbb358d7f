// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "SQLite/LogSync.h"
#include "SQLite/SQLiteDatabase.h"
#include "SQLite/WriterTurns.h"
#include "UnitTests/SQLite/DiskSyncs.h"
#include "UnitTests/Waiting.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <thread>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

class SQLiteDurabilityTest : public testing::Test
{
protected:
  void SetUp() override
  {
    folder_ = std::filesystem::temp_directory_path() / ("registry-test-" + GenerateUuid());
    std::filesystem::create_directory(folder_);
    parameters_.path = folder_ / "index.sqlite";
    database_ = std::make_unique<SQLiteDatabase>(parameters_);
    Write(*database_, "CREATE TABLE T(n BIGINT, filler TEXT)");
  }

  void TearDown() override
  {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  static void Write(IDatabase& database, const std::string& sql)
  {
    RunTransaction(database, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.ExecuteScript(sql);
                   });
  }

  static int64_t CountRows(IDatabase& database)
  {
    return Transaction(database, AccessMode::ReadOnly).QueryValue<int64_t>("SELECT COUNT(*) FROM T");
  }

  uint64_t GetLogSize() const
  {
    return std::filesystem::file_size(parameters_.path + "-wal");
  }

  std::filesystem::path folder_;
  SQLiteParameters parameters_;
  std::unique_ptr<SQLiteDatabase> database_;
};

TEST_F(SQLiteDurabilityTest, EachCommitIsOnTheDisk)
{
  const uint64_t before = DiskSyncs::CountOfLogs();
  for (int i = 1; i <= 10; i++)
  {
    Write(*database_, "INSERT INTO T VALUES(1, '')");
    EXPECT_EQ(before + static_cast<uint64_t>(i), DiskSyncs::CountOfLogs());
  }
}

TEST_F(SQLiteDurabilityTest, ReadingAsksTheDiskForNothing)
{
  const uint64_t before = DiskSyncs::CountOfLogs();
  CountRows(*database_);
  Write(*database_, "SELECT 1");
  Transaction(*database_, AccessMode::ReadWrite).Rollback();
  EXPECT_EQ(before, DiskSyncs::CountOfLogs());
}

// Otherwise an answer might rest on what another process has not yet brought to the disk.
TEST_F(SQLiteDurabilityTest, WhatOthersHaveCommittedIsSyncedOnceItWasSeen)
{
  SQLiteDatabase other(parameters_);
  Write(other, "INSERT INTO T VALUES(1, '')");
  const uint64_t before = DiskSyncs::CountOfLogs();
  Transaction(*database_, AccessMode::ReadWrite).Rollback();
  EXPECT_EQ(before, DiskSyncs::CountOfLogs());
  Write(*database_, "SELECT 1");
  EXPECT_EQ(before + 1, DiskSyncs::CountOfLogs());
  Write(*database_, "SELECT 1");
  EXPECT_EQ(before + 1, DiskSyncs::CountOfLogs());
}

TEST_F(SQLiteDurabilityTest, FailureOfTheDiskIsNotAcknowledgedNorForgotten)
{
  {
    const DiskSyncs::Failing failing;
    EXPECT_THROW(Write(*database_, "INSERT INTO T VALUES(1, '')"), CommitInDoubtError);
  }
  EXPECT_THROW(Write(*database_, "INSERT INTO T VALUES(2, '')"), StatementError);
  EXPECT_EQ(1, CountRows(*database_));

  database_ = std::make_unique<SQLiteDatabase>(parameters_);
  Write(*database_, "INSERT INTO T VALUES(2, '')");
  EXPECT_EQ(2, CountRows(*database_));
}

TEST_F(SQLiteDurabilityTest, LogIsBegunAnewWhileOthersWrite)
{
  const std::string row = "INSERT INTO T VALUES(1, '" + std::string(4000, 'x') + "')";
  std::atomic<bool> isEnough = false;
  std::atomic<int> written = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; i++)
  {
    threads.emplace_back(
        [&]
        {
          while (!isEnough)
          {
            Write(*database_, row);
            written++;
          }
        });
  }
  EXPECT_TRUE(WaitUntil(
      [&]
      {
        Transaction(*database_, AccessMode::ReadOnly).Query<int>("SELECT n FROM T LIMIT 1");
        return written >= 12000;
      }));
  isEnough = true;
  threads.clear();
  EXPECT_GE(database_->GetStatistics().checkpoints, 2u);
  EXPECT_LT(GetLogSize(), 8000u * 4096); // of more than 24,000 pages that were written
}

TEST(SQLiteLogSyncTest, OneSyncIsEnoughForAllThatWait)
{
  constexpr int THREADS = 8;
  std::latch isRunning(1);
  std::latch mayEnd(1);
  std::atomic<int> count = 0;
  SQLite::LogSync log(
      [&]
      {
        if (++count == 1)
        {
          isRunning.count_down();
          mayEnd.wait();
        }
      });
  std::vector<std::jthread> threads;
  threads.emplace_back(
      [&]
      {
        log.Wait(log.Add());
      });
  isRunning.wait();
  std::latch areAdded(THREADS);
  for (int i = 0; i < THREADS; i++)
  {
    threads.emplace_back(
        [&]
        {
          const uint64_t number = log.Add(); // too late for the first sync
          areAdded.count_down();
          log.Wait(number);
        });
  }
  areAdded.wait();
  mayEnd.count_down();
  threads.clear();
  EXPECT_EQ(2, count);
}

TEST(SQLiteLogSyncTest, FailureReachesAllThatWait)
{
  SQLite::LogSync log(
      []
      {
        throw StatementError("broken");
      });
  const uint64_t first = log.Add();
  const uint64_t second = log.Add();
  EXPECT_THROW(log.Wait(first), CommitInDoubtError);
  EXPECT_THROW(log.Wait(second), CommitInDoubtError);
  EXPECT_THROW(log.CheckUsable(), StatementError);
  EXPECT_EQ(1u, log.CountSyncs());
}

TEST_F(SQLiteDurabilityTest, ProcessThatHasWrittenForAWhileMakesRoom)
{
  using Clock = std::chrono::steady_clock;
  SQLite::WriterTurns first(parameters_.path);
  SQLite::WriterTurns second(parameters_.path); // as another process
  const auto begin = Clock::now();
  {
    const SQLite::WriterTurns::Waiting waiting(second);
    first.MakeRoom();
    EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(2));
    const auto again = Clock::now();
    first.MakeRoom(); // has its turn again
    EXPECT_LT(Clock::now() - again, std::chrono::milliseconds(2));
  }
}
