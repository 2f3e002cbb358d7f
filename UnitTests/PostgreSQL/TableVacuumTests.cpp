// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/TableVacuum.h"

#include "Framework/Database/DatabaseErrors.h"
#include "UnitTests/Database/PostgreSQLFixture.h"
#include "UnitTests/LogCapture.h"

#include <future>

namespace OrthancRegistry::Testing
{
  // A table that autovacuum leaves alone
  class TableVacuumTest : public PostgreSQLTest
  {
  protected:
    void SetUp() override
    {
      PostgreSQLTest::SetUp();
      table_ = schema_ + ".churned";
      RunOnServer("CREATE TABLE " + table_ +
                  "(id BIGINT PRIMARY KEY, filler TEXT) WITH (autovacuum_enabled = off)");
    }

    // Rows of which the first ones are deleted
    void Churn(int64_t rows, int64_t deleted) const
    {
      RunOnServer("INSERT INTO " + table_ + " SELECT n, repeat('x', 400) FROM generate_series(1, " +
                  std::to_string(rows) + ") n");
      RunOnServer("DELETE FROM " + table_ + " WHERE id <= " + std::to_string(deleted));
      ASSERT_TRUE(WaitUntil( // the counters of the server come late
          [&]
          {
            return Ask("pg_stat_get_dead_tuples") >= deleted;
          }));
    }

    int64_t Ask(const std::string& function) const
    {
      Transaction transaction(*server_, AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>("SELECT " + function + "(CAST($1 AS regclass))", table_);
    }

    int64_t CountVacuums() const
    {
      return Ask("pg_stat_get_vacuum_count");
    }

    void Run(const std::stop_token& stop = {}) const
    {
      database_->ReuseSpace({"churned", "absent"}, stop);
    }

    std::future<void> RunBeside(const std::stop_token& stop = {}) const
    {
      return std::async(std::launch::async,
                        [this, stop]
                        {
                          Run(stop);
                        });
    }

    // More than a minute for what is in these tests
    void MakeSlow()
    {
      parameters_.keywords.emplace_back("options", "-c vacuum_cost_delay=100 -c vacuum_cost_limit=1");
      database_ = Connect();
    }

    int64_t CountRunning() const
    {
      Transaction transaction(*server_, AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>(
          "SELECT COUNT(*) FROM pg_stat_progress_vacuum WHERE relid = CAST($1 AS regclass)", table_);
    }

    bool WaitForRunning(int64_t count) const
    {
      return WaitUntil(
          [&]
          {
            return CountRunning() == count;
          });
    }

    // "pg_cancel_backend" or "pg_terminate_backend"
    void DoToRunning(const std::string& function) const
    {
      RunOnServer("SELECT " + function + "(pid) FROM pg_stat_progress_vacuum WHERE relid = CAST('" + table_ +
                  "' AS regclass)");
    }

    std::string table_;
  };

  TEST_F(TableVacuumTest, RowsThatAreGoneMakeRoom)
  {
    Churn(5000, 5000);
    const int64_t size = Ask("pg_total_relation_size");
    ASSERT_TRUE(WaitUntil( // no older snapshot, of another test, needs them
        [&]
        {
          Run();
          return Ask("pg_stat_get_dead_tuples") == 0;
        }));
    Churn(5000, 0);
    EXPECT_LE(Ask("pg_total_relation_size"), size + size / 4); // the maps of the free space
  }

  TEST_F(TableVacuumTest, FewOfThemAreLeft)
  {
    Churn(10000, 5500); // 4500 live ones and 3250 dead ones are the limit
    Run();
    EXPECT_EQ(1, CountVacuums());
    RunOnServer("TRUNCATE " + table_);
    Churn(10000, 3000);
    Run();
    EXPECT_EQ(1, CountVacuums());
  }

  TEST_F(TableVacuumTest, FewRowsAreLeft)
  {
    Churn(900, 900);
    Run();
    EXPECT_EQ(0, CountVacuums());
  }

  // An old snapshot
  TEST_F(TableVacuumTest, WhatCannotGoIsNotTriedAgainAndAgain)
  {
    Transaction reader(*database_, AccessMode::ReadWrite);
    reader.ExecuteScript("DECLARE c CURSOR FOR SELECT id FROM churned");
    Churn(20000, 20000);
    Run();
    EXPECT_EQ(1, CountVacuums());
    EXPECT_EQ(20000, Ask("pg_stat_get_dead_tuples"));
    Run();
    EXPECT_EQ(1, CountVacuums());
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          Run();
          return CountVacuums() == 2; // after one second
        }));
  }

  TEST_F(TableVacuumTest, OthersAreNotWaitedFor)
  {
    Churn(5000, 5000);
    const LogCapture log;
    for (const std::string mode : {"SHARE UPDATE EXCLUSIVE", "SHARE"}) // seen, and only met by the vacuum
    {
      Transaction other(*server_, AccessMode::ReadWrite);
      other.ExecuteScript("LOCK TABLE " + table_ + " IN " + mode + " MODE");
      const auto start = std::chrono::steady_clock::now();
      Run();
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    }
    EXPECT_EQ(0, CountVacuums());
    Run();
    EXPECT_EQ(1, CountVacuums());
    EXPECT_EQ("", log.Get());
  }

  TEST_F(TableVacuumTest, EndsAtAStop)
  {
    Churn(5000, 5000);
    MakeSlow();
    const LogCapture log;
    std::stop_source source;
    auto running = RunBeside(source.get_token());
    ASSERT_TRUE(WaitForRunning(1));
    source.request_stop();
    const auto start = std::chrono::steady_clock::now();
    running.get();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    EXPECT_TRUE(WaitForRunning(0));
    EXPECT_EQ(0, CountVacuums());
    EXPECT_EQ("", log.Get());
  }

  TEST_F(TableVacuumTest, OneThatIsCancelledIsPutOff)
  {
    Churn(5000, 5000);
    MakeSlow();
    const LogCapture log;
    auto running = RunBeside();
    ASSERT_TRUE(WaitForRunning(1));
    DoToRunning("pg_cancel_backend");
    running.get();
    const std::string line = log.Get();
    EXPECT_NE(line.find("cannot be vacuumed now"), std::string::npos) << line;
    Run();
    EXPECT_EQ(line, log.Get());
    EXPECT_EQ(0, CountVacuums());
  }

  TEST_F(TableVacuumTest, ALostConnectionIsForTheNextTurn)
  {
    Churn(5000, 5000);
    MakeSlow();
    auto running = RunBeside();
    ASSERT_TRUE(WaitForRunning(1));
    DoToRunning("pg_terminate_backend");
    running.get();
    ASSERT_TRUE(WaitForRunning(0));
    std::stop_source source;
    running = RunBeside(source.get_token());
    EXPECT_TRUE(WaitForRunning(1));
    source.request_stop();
    running.get();
  }
}
