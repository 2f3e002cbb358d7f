// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Database/PostgreSQLFixture.h"

#include <fstream>
#include <numeric>

namespace OrthancRegistry::Testing
{
  namespace
  {
    // Kilobytes of memory of this process
    int64_t GetResidentMemory()
    {
      std::ifstream status("/proc/self/status");
      std::string word;
      while (status >> word)
      {
        if (word == "VmRSS:")
        {
          int64_t size = 0;
          status >> size;
          return size;
        }
      }
      return 0;
    }
  }

  class PostgreSQLPipelineTest : public PostgreSQLTest
  {
  protected:
    void SetUp() override
    {
      PostgreSQLTest::SetUp();
      RunOnServer("CREATE TABLE " + schema_ + ".Numbers (number BIGINT PRIMARY KEY)");
    }
  };

  TEST_F(PostgreSQLPipelineTest, RoundTripsOfWriting)
  {
    Transaction transaction(*database_, AccessMode::ReadWrite);
    const SessionStatistics& statistics = transaction.GetStatistics();
    for (int i = 0; i < 5; i++)
    {
      transaction.Execute("INSERT INTO Numbers VALUES($1)", i);
    }
    EXPECT_EQ(0u, statistics.roundTrips);
    EXPECT_EQ(5, transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM Numbers"));
    EXPECT_EQ(1u, statistics.roundTrips);
    for (int i = 5; i < 8; i++)
    {
      transaction.Execute("INSERT INTO Numbers VALUES($1)", i);
    }
    transaction.Commit();
    EXPECT_EQ(2u, statistics.roundTrips);
    EXPECT_EQ(9u, statistics.statements);
    EXPECT_EQ(8, CountRows("Numbers"));
  }

  TEST_F(PostgreSQLPipelineTest, RoundTripsOfReading)
  {
    for (uint64_t i = 1; i <= 3; i++)
    {
      Transaction transaction(*database_, AccessMode::ReadOnly);
      int64_t sum = 0;
      for (int j = 0; j < 10; j++)
      {
        transaction.QueryLater<int64_t>(
            "SELECT $1",
            [&sum](int64_t value)
            {
              sum += value;
            },
            j);
      }
      transaction.Flush();
      EXPECT_EQ(45, sum);
      transaction.Commit();
      EXPECT_EQ(i, transaction.GetStatistics().roundTrips);
    }
    EXPECT_EQ(1u, database_->GetOpenConnections());
  }

  TEST_F(PostgreSQLPipelineTest, UnusedTransactionIsFree)
  {
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Flush();
    transaction.Commit();
    EXPECT_EQ(0u, transaction.GetStatistics().roundTrips);
  }

  TEST_F(PostgreSQLPipelineTest, WritingWithoutQuestionIsTwoRoundTrips)
  {
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Execute("INSERT INTO Numbers VALUES($1)", 1);
    transaction.Commit();
    EXPECT_EQ(2u, transaction.GetStatistics().roundTrips);
  }

  TEST_F(PostgreSQLPipelineTest, HandlerThatThrowsPreventsCommit)
  {
    {
      Transaction transaction(*database_, AccessMode::ReadWrite);
      transaction.Execute("INSERT INTO Numbers VALUES($1)", 1);
      transaction.Flush();
      transaction.QueryLater<int64_t>("SELECT COUNT(*) FROM Numbers",
                                      [](int64_t)
                                      {
                                        throw std::runtime_error("not me");
                                      });
      transaction.Execute("INSERT INTO Numbers VALUES($1)", 2);
      EXPECT_THROW(transaction.Commit(), std::runtime_error);
    }
    EXPECT_EQ(0, CountRows("Numbers"));
    EXPECT_EQ(1u, database_->GetOpenConnections());
  }

  TEST_F(PostgreSQLPipelineTest, HandlerMustNotUseSession)
  {
    Transaction transaction(*database_, AccessMode::ReadOnly);
    EXPECT_THROW(transaction.QueryEach<int64_t>(
                     "SELECT $1",
                     [&](int64_t)
                     {
                       transaction.Execute("SELECT 1");
                     },
                     1),
                 UsageError);
  }

  TEST_F(PostgreSQLPipelineTest, NestedBeginIsRefused)
  {
    Transaction transaction(*database_, AccessMode::ReadOnly);
    EXPECT_THROW(transaction.GetSession().Begin(AccessMode::ReadOnly), UsageError);
  }

  TEST_F(PostgreSQLPipelineTest, FirstErrorIsReportedOnceAndSessionGoesOn)
  {
    for (int i = 0; i < 3; i++)
    {
      Transaction transaction(*database_, AccessMode::ReadWrite);
      transaction.Execute("INSERT INTO Numbers VALUES($1)", 1);
      transaction.Execute("INSERT INTO Numbers VALUES($1)", 1);
      transaction.Execute("INSERT INTO Nowhere VALUES($1)", 1);
      transaction.Execute("INSERT INTO Numbers VALUES($1 + 1)", 1);
      EXPECT_THROW(transaction.Flush(), ConstraintError);
      EXPECT_THROW(transaction.Flush(), UsageError);
    }
    EXPECT_EQ(0, CountRows("Numbers"));
    EXPECT_EQ(1u, database_->GetOpenConnections());
  }

  TEST_F(PostgreSQLPipelineTest, ErrorsSurfaceAtCommit)
  {
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Execute("INSERT INTO Numbers VALUES($1)", 1);
    transaction.Flush();
    transaction.Execute("INSERT INTO Numbers VALUES($1)", 1);
    EXPECT_THROW(transaction.Commit(), ConstraintError);
    EXPECT_EQ(0, CountRows("Numbers"));
  }

  TEST_F(PostgreSQLPipelineTest, RollbackForgetsWhatIsEnqueued)
  {
    int process = 0;
    {
      Transaction transaction(*database_, AccessMode::ReadWrite);
      process = GetSession(transaction).GetServerProcess();
      transaction.QueryLater<int64_t>(
          "SELECT $1",
          [](int64_t)
          {
            ADD_FAILURE() << "A handler ran after Rollback()";
          },
          1);
      transaction.Execute("INSERT INTO Nowhere VALUES($1)", 1);
      transaction.Rollback();
    }
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Execute("INSERT INTO Numbers VALUES($1)", 1);
    transaction.Commit();
    EXPECT_EQ(1, CountRows("Numbers"));
    EXPECT_EQ(process, GetSession(transaction).GetServerProcess());
  }

  TEST_F(PostgreSQLPipelineTest, ManyStatementsWithAnswers)
  {
    constexpr int COUNT = 20000;
    Transaction transaction(*database_, AccessMode::ReadOnly);
    int64_t bytes = 0;
    for (int i = 0; i < COUNT; i++)
    {
      transaction.QueryLater<std::string>(
          "SELECT repeat($1, 1000)",
          [&bytes](const std::string& text)
          {
            bytes += static_cast<int64_t>(text.size());
          },
          "x");
    }
    transaction.Flush();
    EXPECT_EQ(1000 * COUNT, bytes);
    EXPECT_GT(COUNT / 100, static_cast<int>(transaction.GetStatistics().roundTrips));
  }

  TEST_F(PostgreSQLPipelineTest, LargeParametersAndAnswersAtOnce)
  {
    const std::string large(3 * 1024 * 1024, 'x');
    Transaction transaction(*database_, AccessMode::ReadOnly);
    size_t bytes = 0;
    for (int i = 0; i < 30; i++)
    {
      transaction.QueryLater<std::string>(
          "SELECT $1",
          [&bytes](const std::string& text)
          {
            bytes += text.size();
          },
          large);
    }
    transaction.Flush();
    EXPECT_EQ(30 * large.size(), bytes);
  }

  TEST_F(PostgreSQLPipelineTest, LargeResultIsNotHeld)
  {
    Transaction transaction(*database_, AccessMode::ReadOnly);
    const int64_t before = GetResidentMemory();
    int64_t rows = 0;
    int64_t maximum = 0;
    transaction.QueryEach<int64_t, std::string>(
        "SELECT number, repeat('x', 1000) FROM generate_series(CAST(1 AS BIGINT), 100000) AS number",
        [&](int64_t number, const std::string&)
        {
          rows++;
          EXPECT_EQ(rows, number);
          if (rows % 10000 == 0)
          {
            maximum = std::max(maximum, GetResidentMemory());
          }
        });
    EXPECT_EQ(100000, rows);
    EXPECT_LT(maximum - before, 20 * 1024);
  }

  TEST_F(PostgreSQLPipelineTest, PreparedStatementsAreReusedAndBounded)
  {
    {
      Transaction transaction(*database_, AccessMode::ReadOnly);
      transaction.QueryValue<int64_t>("SELECT $1", 1);
      const uint64_t preparations = transaction.GetStatistics().preparations;
      EXPECT_EQ(2, transaction.QueryValue<int64_t>("SELECT $1", 2));
      EXPECT_EQ(preparations, transaction.GetStatistics().preparations);
      EXPECT_EQ("2", transaction.QueryValue<std::string>("SELECT $1", "2"));
      EXPECT_EQ(preparations + 1, transaction.GetStatistics().preparations);
    }

    Transaction transaction(*database_, AccessMode::ReadOnly);
    for (int i = 0; i < 1000; i++)
    {
      const std::string number = std::to_string(i);
      EXPECT_EQ(i, transaction.QueryValue<int64_t>("SELECT CAST(" + number + " AS BIGINT)"));
    }
    EXPECT_GE(static_cast<int64_t>(PostgreSQLStatementCache::DEFAULT_CAPACITY) + 2,
              transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM pg_prepared_statements"));
  }

  TEST_F(PostgreSQLPipelineTest, StatementOfChangedTableIsPreparedAgain)
  {
    const auto read = [&]
    {
      Transaction transaction(*database_, AccessMode::ReadOnly);
      transaction.QueryRows("SELECT * FROM Numbers", {}, [](const IRow&) {});
      transaction.Commit();
    };
    read();
    RunOnServer("ALTER TABLE " + schema_ + ".Numbers ADD COLUMN another BIGINT");
    EXPECT_THROW(read(), RetryableError);
    read();
  }

  TEST_F(PostgreSQLPipelineTest, ParametersOfAllTypes)
  {
    const std::string odd = "a'b\"c\\d{,}NULL\n\xC3\xA9";
    const std::vector<std::string> texts = {odd, "", "NULL", "{}", "x"};
    const std::vector<int64_t> integers = {-1, 0, std::numeric_limits<int64_t>::max()};
    const Binary bytes = {std::string("\0\x01\xff'\\", 5)};
    Transaction transaction(*database_, AccessMode::ReadOnly);
    EXPECT_EQ(odd, transaction.QueryValue<std::string>("SELECT $1", odd));
    EXPECT_EQ(bytes, transaction.QueryValue<Binary>("SELECT $1", bytes));
    EXPECT_EQ(Binary(), transaction.QueryValue<Binary>("SELECT $1", Binary()));
    EXPECT_EQ("", transaction.QueryValue<std::string>("SELECT $1", std::string_view()));
    EXPECT_EQ(-0.1, transaction.QueryValue<double>("SELECT $1", -0.1));
    EXPECT_EQ(std::nullopt,
              transaction.QueryValue<std::optional<int64_t>>("SELECT $1", std::optional<int64_t>()));
    for (const std::string& text : texts)
    {
      EXPECT_TRUE(transaction.QueryValue<bool>("SELECT $1 = ANY($2)", text, texts)) << text;
    }
    EXPECT_FALSE(transaction.QueryValue<bool>("SELECT $1 = ANY($2)", "y", texts));
    EXPECT_FALSE(transaction.QueryValue<bool>("SELECT $1 = ANY($2)", "y", std::vector<std::string>()));
    EXPECT_EQ(3, transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM unnest($1) AS x WHERE x = ANY($1)",
                                                 integers));
    EXPECT_EQ(0, transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM unnest($1)", std::vector<int64_t>()));
  }

  TEST_F(PostgreSQLPipelineTest, ZeroByteIsRefusedBeforeSending)
  {
    const std::string zero("a\0b", 3);
    Transaction first(*database_, AccessMode::ReadOnly);
    EXPECT_THROW(first.Execute("SELECT $1", zero), StatementError);
    Transaction second(*database_, AccessMode::ReadOnly);
    EXPECT_THROW(second.Execute("SELECT $1", std::vector<std::string>{zero}), StatementError);
  }

  TEST_F(PostgreSQLPipelineTest, ColumnsOfOtherTypesAreRefused)
  {
    Transaction first(*database_, AccessMode::ReadOnly);
    EXPECT_THROW(first.QueryValue<int64_t>("SELECT CAST('1' AS TEXT)"), StatementError);
    Transaction second(*database_, AccessMode::ReadOnly);
    EXPECT_THROW(second.QueryValue<std::string>("SELECT now()"), StatementError);
    Transaction third(*database_, AccessMode::ReadOnly);
    EXPECT_EQ(-2, third.QueryValue<int64_t>("SELECT CAST(-2 AS SMALLINT)"));
    EXPECT_EQ(-3, third.QueryValue<int64_t>("SELECT CAST(-3 AS INTEGER)"));
    EXPECT_EQ(1.5, third.QueryValue<double>("SELECT CAST(1.5 AS REAL)"));
  }

  TEST_F(PostgreSQLPipelineTest, BootstrapIsIdempotent)
  {
    for (int i = 0; i < 2; i++)
    {
      Transaction transaction(*database_, AccessMode::Exclusive);
      transaction.ExecuteScript(database_->GetBootstrapScript());
      transaction.Commit();
    }
    Transaction transaction(*database_, AccessMode::ReadOnly);
    const auto difference = transaction.QueryValue<double>(
        "SELECT CAST(SharedNow() - extract(epoch FROM clock_timestamp()) * 1000000 AS DOUBLE PRECISION)");
    EXPECT_LT(std::abs(difference), 1000000);
    EXPECT_EQ(0, transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM SharedVersions"));
  }
}
