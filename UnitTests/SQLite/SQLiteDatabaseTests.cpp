// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteDatabase.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "SQLite/CommitSignal.h"
#include "SQLite/EmbeddedMigrations.h"
#include "SQLite/SQLiteMessageBus.h"
#include "SQLite/SQLiteSession.h"
#include "SQLite/SQLiteSessionPool.h"
#include "UnitTests/Waiting.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

class SQLiteDatabaseTest : public testing::Test
{
protected:
  void SetUp() override
  {
    folder_ = std::filesystem::temp_directory_path() / ("registry-test-" + GenerateUuid());
    std::filesystem::create_directory(folder_);
    parameters_.path = folder_ / "index.sqlite";
    parameters_.busyTimeoutSeconds = 1;
    parameters_.acquireTimeoutSeconds = 1;
    parameters_.maximumReaders = 2;
  }

  void TearDown() override
  {
    std::filesystem::remove_all(folder_);
  }

  static double MeasureSeconds(const std::function<void()>& action)
  {
    const auto start = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  std::filesystem::path folder_;
  SQLiteParameters parameters_;
};

TEST_F(SQLiteDatabaseTest, BusyFileIsRetryableAfterTheDeadline)
{
  SQLiteDatabase first(parameters_);
  SQLiteDatabase second(parameters_); // as another process
  Transaction holder(first, AccessMode::ReadWrite);
  const double seconds = MeasureSeconds(
      [&]
      {
        EXPECT_THROW(Transaction(second, AccessMode::ReadWrite), RetryableError);
      });
  EXPECT_GE(seconds, 0.9);
  EXPECT_LT(seconds, 5);

  holder.Rollback();
  Transaction successor(second, AccessMode::ReadWrite);
}

TEST_F(SQLiteDatabaseTest, SecondWriterOfAThreadIsRefusedAtOnce)
{
  SQLiteDatabase database(parameters_);
  const Transaction holder(database, AccessMode::ReadWrite);
  EXPECT_THROW(Transaction(database, AccessMode::ReadWrite), UsageError);
  EXPECT_THROW(Transaction(database, AccessMode::Exclusive), UsageError);
  const Transaction reader(database, AccessMode::ReadOnly);
}

TEST_F(SQLiteDatabaseTest, WriterWaitsForItsTurnWithADeadline)
{
  SQLiteDatabase database(parameters_);
  auto holder = std::make_unique<Transaction>(database, AccessMode::ReadWrite);
  std::jthread(
      [&]
      {
        EXPECT_THROW(Transaction(database, AccessMode::ReadWrite), ConnectionLostError);
      })
      .join();

  std::atomic<bool> isStarted = false;
  std::jthread waiter(
      [&]
      {
        isStarted = true;
        Transaction(database, AccessMode::ReadWrite).Commit();
      });
  EXPECT_TRUE(WaitUntil(
      [&]
      {
        return isStarted.load();
      }));
  holder.reset();
  waiter.join();
}

// In a process with the option "ReadOnly"
TEST_F(SQLiteDatabaseTest, OutsidersReadWhatOthersWriteAndMakeNoFile)
{
  SQLiteParameters parameters = parameters_;
  parameters.isReadOnly = true;
  SQLiteDatabase outsider(parameters);
  EXPECT_THROW(Transaction(outsider, AccessMode::ReadOnly), StatementError);
  EXPECT_FALSE(std::filesystem::exists(parameters.path));

  SQLiteDatabase writer(parameters_);
  for (int i = 1; i <= 2; i++)
  {
    Transaction transaction(writer, AccessMode::ReadWrite);
    transaction.ExecuteScript("CREATE TABLE IF NOT EXISTS T(n INTEGER); INSERT INTO T VALUES(1);");
    transaction.Commit();
    Transaction reading(outsider, AccessMode::ReadOnly);
    EXPECT_EQ(i, reading.QueryValue<int>("SELECT COUNT(*) FROM T"));
    EXPECT_THROW(reading.ExecuteCounted("INSERT INTO T VALUES(1)"), StatementError);
  }
}

TEST_F(SQLiteDatabaseTest, ReadersAreLimited)
{
  SQLiteDatabase database(parameters_);
  const Transaction first(database, AccessMode::ReadOnly);
  {
    const Transaction second(database, AccessMode::ReadOnly);
    EXPECT_THROW(Transaction(database, AccessMode::ReadOnly), ConnectionLostError);
  }
  const Transaction third(database, AccessMode::ReadOnly);
}

TEST_F(SQLiteDatabaseTest, WaitingThreadsAreServedInOrder)
{
  constexpr size_t THREADS = 5;
  SQLite::CommitSignal signal;
  SQLite::SessionPool pool(1, std::chrono::seconds(20),
                           [&]
                           {
                             return std::make_unique<SQLite::Session>(parameters_.path,
                                                                      SQLite::ConnectionKind::Writer,
                                                                      std::chrono::seconds(1), signal);
                           });
  std::vector<size_t> order; // guarded by the only session
  std::vector<std::jthread> threads;
  {
    const SessionLease holder = pool.Acquire();
    for (size_t i = 0; i < THREADS; i++)
    {
      threads.emplace_back(
          [&, i]
          {
            const SessionLease lease = pool.Acquire();
            order.push_back(i);
          });
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return pool.CountWaiting() == i + 1;
          }));
    }
  }
  threads.clear();
  EXPECT_EQ((std::vector<size_t>{0, 1, 2, 3, 4}), order);
}

TEST_F(SQLiteDatabaseTest, ReadTransactionKeepsItsSnapshot)
{
  SQLiteDatabase database(parameters_);
  RunTransaction(database, AccessMode::ReadWrite,
                 [](Transaction& transaction)
                 {
                   transaction.ExecuteScript("CREATE TABLE T(n BIGINT); INSERT INTO T VALUES(1);");
                 });
  Transaction reader(database, AccessMode::ReadOnly);
  EXPECT_EQ(1, reader.QueryValue<int>("SELECT n FROM T"));
  RunTransaction(database, AccessMode::ReadWrite,
                 [](Transaction& transaction)
                 {
                   transaction.Execute("UPDATE T SET n = 2");
                 });
  EXPECT_EQ(1, reader.QueryValue<int>("SELECT n FROM T"));
  reader.Commit();
  EXPECT_EQ(2, Transaction(database, AccessMode::ReadOnly).QueryValue<int>("SELECT n FROM T"));
}

TEST_F(SQLiteDatabaseTest, IsSetUpForSafety)
{
  SQLiteDatabase database(parameters_);
  Transaction transaction(database, AccessMode::ReadWrite);
  EXPECT_EQ("wal", transaction.QueryValue<std::string>("PRAGMA journal_mode"));
  EXPECT_EQ(1, transaction.QueryValue<int>("PRAGMA synchronous")); // the rest: DurabilityTests.cpp
  EXPECT_EQ(1, transaction.QueryValue<int>("PRAGMA foreign_keys"));
}

TEST_F(SQLiteDatabaseTest, MissingFolderIsAnErrorThatSaysSo)
{
  parameters_.path = folder_ / "missing" / "index.sqlite";
  SQLiteDatabase database(parameters_);
  try
  {
    const Transaction transaction(database, AccessMode::ReadOnly);
    FAIL();
  }
  catch (const StatementError& error)
  {
    EXPECT_NE(std::string::npos, std::string(error.what()).find("folder")) << error.what();
  }
}

TEST_F(SQLiteDatabaseTest, AnotherKindOfFileIsRefused)
{
  std::ofstream(parameters_.path) << std::string(5000, 'x');
  SQLiteDatabase database(parameters_);
  EXPECT_THROW(Transaction(database, AccessMode::ReadOnly), StatementError);
}

TEST_F(SQLiteDatabaseTest, StatementCannotEndTheTransaction)
{
  SQLiteDatabase database(parameters_);
  for (const char* const sql : {"COMMIT", "ROLLBACK"})
  {
    Transaction transaction(database, AccessMode::ReadWrite);
    EXPECT_THROW(transaction.Execute(sql), StatementError);
  }
}

TEST_F(SQLiteDatabaseTest, HandlersCannotUseTheirSession)
{
  SQLiteDatabase database(parameters_);
  Transaction transaction(database, AccessMode::ReadWrite);
  EXPECT_THROW(transaction.QueryEach<int>("SELECT 1",
                                          [&](int)
                                          {
                                            transaction.Execute("SELECT 2");
                                          }),
               UsageError);
}

TEST_F(SQLiteDatabaseTest, OldMessagesAreDeletedAndAGapIsAnnounced)
{
  SQLiteDatabase database(parameters_);
  Migrator(database, "Messages", SQLite::GetMigrations("Messages")).Run();
  SQLiteMessageBus bus(database);
  const auto publish = [&](const std::string& message)
  {
    RunTransaction(database, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     bus.Publish(transaction, message);
                   });
  };
  for (int i = 0; i < 63; i++)
  {
    publish("old");
  }
  RunTransaction(database, AccessMode::ReadWrite,
                 [](Transaction& transaction)
                 {
                   transaction.Execute("UPDATE SharedMessages SET sent = sent - 61000000 WHERE id <= 60");
                 });
  publish("cleaning");
  EXPECT_EQ(4, Transaction(database, AccessMode::ReadOnly)
                   .QueryValue<int>("SELECT CAST(COUNT(*) AS BIGINT) FROM SharedMessages"));

  std::mutex mutex;
  std::vector<std::string> messages;
  bus.SetHandler(
      [&](std::string_view message)
      {
        const std::lock_guard<std::mutex> lock(mutex);
        messages.emplace_back(message);
      });
  bus.Start();
  RunTransaction(database, AccessMode::ReadWrite,
                 [&](Transaction& transaction)
                 {
                   bus.Publish(transaction, "lost");
                   transaction.Execute("DELETE FROM SharedMessages");
                   bus.Publish(transaction, "next");
                 });
  EXPECT_TRUE(WaitUntil(
      [&]
      {
        const std::lock_guard<std::mutex> lock(mutex);
        return messages.size() == 3;
      }));
  bus.Stop();
  EXPECT_EQ((std::vector<std::string>{"", "", "next"}), messages);
}
