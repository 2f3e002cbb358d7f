// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "UnitTests/TestDatabases.h"

#include <fstream>

#include <unistd.h>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

class DatabaseStatements : public EngineTest
{
protected:
  void SetUp() override
  {
    EngineTest::SetUp();
    RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                   [](Transaction& transaction)
                   {
                     transaction.ExecuteScript(
                         "CREATE TABLE Parents(id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
                         "size BIGINT CHECK(size >= 0));"
                         "CREATE TABLE Children(id BIGINT PRIMARY KEY, "
                         "parent BIGINT REFERENCES Parents(id) ON DELETE CASCADE);"
                         "INSERT INTO Parents VALUES(1, 'first', 10), (2, 'second', 20);"
                         "INSERT INTO Children VALUES(11, 1), (12, 1);");
                   });
    transaction_ = std::make_unique<Transaction>(GetDatabase(), AccessMode::ReadWrite);
  }

  void TearDown() override
  {
    transaction_.reset();
  }

  template <typename Error>
  void ExpectError(const std::string& sql)
  {
    Transaction transaction(*other_, AccessMode::ReadWrite);
    EXPECT_THROW(
        {
          transaction.Execute(sql);
          transaction.Flush();
        },
        Error)
        << sql;
  }

  std::unique_ptr<IDatabase> other_;
  std::unique_ptr<Transaction> transaction_;
};

CONFORMANCE_SUITE(DatabaseStatements);

namespace
{
  size_t GetResidentBytes()
  {
    std::ifstream statm("/proc/self/statm");
    size_t total = 0;
    size_t resident = 0;
    statm >> total >> resident;
    return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  }

#if defined(__SANITIZE_ADDRESS__)
  constexpr size_t ACCEPTED_GROWTH = size_t(400) << 20; // freed memory stays in quarantine
#else
  constexpr size_t ACCEPTED_GROWTH = size_t(8) << 20;
#endif
}

TEST_P(DatabaseStatements, ErrorsHaveTheirTypes)
{
  transaction_.reset();
  other_ = database_->Connect();
  ExpectError<ConstraintError>("INSERT INTO Parents VALUES(1, 'other', 1)");
  ExpectError<ConstraintError>("INSERT INTO Parents VALUES(3, 'first', 1)");
  ExpectError<ConstraintError>("INSERT INTO Parents VALUES(3, NULL, 1)");
  ExpectError<ConstraintError>("INSERT INTO Parents VALUES(3, 'third', -1)");
  ExpectError<ConstraintError>("INSERT INTO Children VALUES(13, 99)");
  ExpectError<StatementError>("INSERT INTO Missing VALUES(1)");
  ExpectError<StatementError>("SELECT missing FROM Parents");
  ExpectError<StatementError>("SELECT \"missing\" FROM Parents");
  ExpectError<StatementError>("this is not SQL");
  ExpectError<StatementError>("SELECT 1; SELECT 2");
  ExpectError<StatementError>("SELECT $1"); // nothing is bound
  Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
  EXPECT_EQ(2, transaction.QueryValue<int>("SELECT CAST(COUNT(*) AS BIGINT) FROM Parents"));
}

TEST_P(DatabaseStatements, ErrorsHoldNoValue)
{
  try
  {
    transaction_->Execute("INSERT INTO Parents VALUES($1, $2, $3)", 4, "Secret^Name", 1);
    transaction_->Execute("INSERT INTO Parents VALUES($1, $2, $3)", 5, "Secret^Name", 1);
    transaction_->Flush();
    FAIL();
  }
  catch (const ConstraintError& error)
  {
    EXPECT_EQ(std::string::npos, std::string(error.what()).find("Secret^Name")) << error.what();
    EXPECT_FALSE(std::string(error.what()).empty());
  }
}

TEST_P(DatabaseStatements, ReturningAnswersRows)
{
  const auto id = transaction_->QueryValue<int64_t>("INSERT INTO Parents VALUES($1, $2, $3) RETURNING id",
                                                    int64_t(3), "third", 30);
  EXPECT_EQ(3, id);
  const auto rows = transaction_->Query<int64_t, std::string>(
      "UPDATE Parents SET size = size + 1 WHERE id = ANY($1) RETURNING size, name",
      std::vector<int64_t>{2, 3});
  EXPECT_EQ(2u, rows.size());
  EXPECT_EQ(1u, transaction_->Query<int64_t>("DELETE FROM Parents WHERE id = 3 RETURNING id").size());
}

TEST_P(DatabaseStatements, UpsertAnswersRows)
{
  constexpr const char* UPSERT = "INSERT INTO Parents VALUES($1, $2, 0) ON CONFLICT(id) DO UPDATE "
                                 "SET size = Parents.size + 1 RETURNING size";
  EXPECT_EQ(11, transaction_->QueryValue<int>(UPSERT, 1, "first"));
  EXPECT_EQ(0, transaction_->QueryValue<int>(UPSERT, 7, "seventh"));
  EXPECT_FALSE(transaction_->QueryOptional<int64_t>(
      "INSERT INTO Parents VALUES(1, 'x', 0) ON CONFLICT DO NOTHING RETURNING id"));
}

TEST_P(DatabaseStatements, CountsAffectedRows)
{
  EXPECT_EQ(2, transaction_->ExecuteCounted("UPDATE Parents SET size = 5"));
  EXPECT_EQ(0, transaction_->ExecuteCounted("UPDATE Parents SET size = 5 WHERE id = $1", 99));
  EXPECT_EQ(1, transaction_->ExecuteCounted("INSERT INTO Parents VALUES(3, 'third', 3)"));
  EXPECT_EQ(0,
            transaction_->ExecuteCounted("INSERT INTO Parents VALUES(3, 'third', 3) ON CONFLICT DO NOTHING"));
  EXPECT_EQ(0, transaction_->ExecuteCounted("CREATE TABLE Other(n BIGINT)"));
  EXPECT_EQ(1, transaction_->ExecuteCounted("DELETE FROM Parents WHERE id = 1")) << "without the cascade";
  EXPECT_EQ(0, transaction_->QueryValue<int>("SELECT CAST(COUNT(*) AS BIGINT) FROM Children"));
}

TEST_P(DatabaseStatements, QueriesPutOffAnswerInOrder)
{
  std::vector<std::string> calls;
  const auto note = [&](const std::string& name)
  {
    calls.push_back(name);
  };
  transaction_->QueryLater<std::string>("SELECT name FROM Parents ORDER BY id", note);
  transaction_->Execute("UPDATE Parents SET name = $1 WHERE id = 1", "changed");
  transaction_->QueryLater<std::string>("SELECT name FROM Parents ORDER BY id DESC", note);
  transaction_->QueryLater<std::string>("SELECT name FROM Parents WHERE id > 99", note);
  transaction_->Flush();
  EXPECT_EQ((std::vector<std::string>{"first", "second", "second", "changed"}), calls);
}

TEST_P(DatabaseStatements, PutOffParametersAreCopied)
{
  std::string seen;
  {
    std::string name = "a name that is too long for the object itself, on the heap then";
    transaction_->QueryLater<std::string>(
        "SELECT $1",
        [&](const std::string& value)
        {
          seen = value;
        },
        name);
    name.assign(name.size(), '!');
  }
  transaction_->Flush();
  EXPECT_EQ("a name that is too long for the object itself, on the heap then", seen);
}

TEST_P(DatabaseStatements, NumberOfRowsIsChecked)
{
  EXPECT_FALSE(transaction_->QueryOptional<int64_t>("SELECT id FROM Parents WHERE id = 99"));
  EXPECT_THROW(transaction_->QueryOptional<int64_t>("SELECT id FROM Parents"), StatementError);
  Transaction reader(GetDatabase(), AccessMode::ReadOnly);
  EXPECT_THROW(reader.QueryValue<int64_t>("SELECT id FROM Parents WHERE id = 99"), StatementError);
}

TEST_P(DatabaseStatements, ParametersMayRepeatInAnyOrder)
{
  EXPECT_EQ("b a b", transaction_->QueryValue<std::string>("SELECT $2 || ' ' || $1 || ' ' || $2", "a", "b"));
}

TEST_P(DatabaseStatements, NumberOfParametersIsKnownAtRunTime)
{
  const std::vector<Parameter> parameters = {Bind(int64_t(2)), Bind("second")};
  std::vector<int64_t> sizes;
  transaction_->QueryRows("SELECT size FROM Parents WHERE id = $1 AND name = $2", parameters,
                          [&](const IRow& row)
                          {
                            sizes.push_back(row.GetInteger(0));
                          });
  EXPECT_EQ(std::vector<int64_t>{20}, sizes);
}

TEST_P(DatabaseStatements, PreparesOnce)
{
  transaction_->QueryValue<int>(
      "SELECT size FROM Parents WHERE id = 1"); // the engine's own statements are prepared
  const uint64_t before = transaction_->GetStatistics().preparations;
  const uint64_t statements = transaction_->GetStatistics().statements;
  for (int64_t i = 0; i < 50; i++)
  {
    EXPECT_EQ(i + 1, transaction_->QueryValue<int64_t>("SELECT $1 + 1", i));
  }
  EXPECT_EQ(before + 1, transaction_->GetStatistics().preparations);
  EXPECT_EQ(statements + 50, transaction_->GetStatistics().statements);
}

TEST_P(DatabaseStatements, KeepsABoundedNumberOfPreparedStatements)
{
  const auto run = [&](int number)
  {
    const uint64_t before = transaction_->GetStatistics().preparations;
    transaction_->QueryValue<int64_t>("SELECT $1 + " + std::to_string(number), int64_t(1));
    return transaction_->GetStatistics().preparations - before;
  };
  run(1000); // and what the engine itself needs
  for (int i = 0; i < 1000; i++)
  {
    ASSERT_EQ(1u, run(i)) << i;
  }
  EXPECT_EQ(0u, run(999));
  EXPECT_EQ(0u, run(990));
  EXPECT_EQ(1u, run(0));
  EXPECT_EQ(0u, run(999));
}

TEST_P(DatabaseStatements, StatementSurvivesAChangeOfItsTable)
{
  constexpr const char* COUNT = "SELECT CAST(COUNT(*) AS BIGINT) FROM Parents WHERE size > $1";
  EXPECT_EQ(2, transaction_->QueryValue<int>(COUNT, 0));
  transaction_->ExecuteScript("CREATE INDEX ParentsSize ON Parents(size)");
  EXPECT_EQ(1, transaction_->QueryValue<int>(COUNT, 15));
}

TEST_P(DatabaseStatements, LargeResultsAreNotHeld)
{
  constexpr int64_t ROWS = 200000;
  const std::string payload(500, 'x');
  size_t before = 0;
  size_t maximum = 0;
  int64_t count = 0;
  transaction_->QueryEach<int64_t, std::string>(
      "WITH RECURSIVE Numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM Numbers WHERE n < "
      "$1) "
      "SELECT n, $2 FROM Numbers",
      [&](int64_t number, const std::string& text)
      {
        count++;
        ASSERT_EQ(count, number);
        ASSERT_EQ(payload.size(), text.size());
        if (count == 1000)
        {
          before = GetResidentBytes();
        }
        if (count % 1000 == 0)
        {
          maximum = std::max(maximum, GetResidentBytes());
        }
      },
      ROWS, payload);
  EXPECT_EQ(ROWS, count);
  EXPECT_LT(maximum - before, ACCEPTED_GROWTH);
}
