// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "UnitTests/TestDatabases.h"

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

class DatabaseTransactions : public EngineTest
{
protected:
  void SetUp() override
  {
    EngineTest::SetUp();
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    transaction.ExecuteScript("CREATE TABLE Numbers(n BIGINT PRIMARY KEY)");
    transaction.Commit();
  }

  int Count()
  {
    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    return transaction.QueryValue<int>("SELECT CAST(COUNT(*) AS BIGINT) FROM Numbers");
  }

  static void InsertTwice(Transaction& transaction)
  {
    transaction.Execute("INSERT INTO Numbers VALUES(1)");
    transaction.Execute("INSERT INTO Numbers VALUES(1)");
    transaction.Flush();
  }
};

CONFORMANCE_SUITE(DatabaseTransactions);

TEST_P(DatabaseTransactions, CommitKeeps)
{
  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  transaction.Execute("INSERT INTO Numbers VALUES(1)");
  transaction.Commit();
  EXPECT_EQ(1, Count());
}

TEST_P(DatabaseTransactions, RollbackUndoes)
{
  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  transaction.Execute("INSERT INTO Numbers VALUES(1)");
  transaction.Flush();
  transaction.Rollback();
  EXPECT_EQ(0, Count());
}

TEST_P(DatabaseTransactions, DestructorUndoes)
{
  {
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    transaction.Execute("INSERT INTO Numbers VALUES(1)");
    transaction.Flush();
    transaction.Execute("INSERT INTO Numbers VALUES(2)"); // still queued on PostgreSQL
  }
  EXPECT_EQ(0, Count());
}

TEST_P(DatabaseTransactions, OwnWritesAreVisible)
{
  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  transaction.Execute("INSERT INTO Numbers VALUES(1)");
  EXPECT_EQ(1, transaction.QueryValue<int>("SELECT n FROM Numbers"));
}

TEST_P(DatabaseTransactions, NestedUseIsRefused)
{
  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  EXPECT_THROW(transaction.GetSession().Begin(AccessMode::ReadWrite), UsageError);
}

TEST_P(DatabaseTransactions, StatementAfterErrorIsRefused)
{
  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  EXPECT_THROW(InsertTwice(transaction), ConstraintError);
  EXPECT_THROW(transaction.Execute("INSERT INTO Numbers VALUES(2)"), UsageError);
  EXPECT_THROW(transaction.Flush(), UsageError);
  EXPECT_THROW(transaction.Commit(), UsageError);
  transaction.Rollback();
  EXPECT_EQ(0, Count());
}

TEST_P(DatabaseTransactions, UseAfterTheEndIsRefused)
{
  Transaction committed(GetDatabase(), AccessMode::ReadOnly);
  committed.Commit();
  EXPECT_THROW(committed.Query<int>("SELECT 1"), UsageError);
  EXPECT_THROW(committed.Commit(), UsageError);
  EXPECT_THROW(committed.Rollback(), UsageError);

  Transaction undone(GetDatabase(), AccessMode::ReadOnly);
  undone.Rollback();
  EXPECT_THROW(undone.Execute("SELECT 1"), UsageError);
}

TEST_P(DatabaseTransactions, WriteInReadOnlyIsRefused)
{
  for (const char* const sql :
       {"INSERT INTO Numbers VALUES(1)", "DELETE FROM Numbers", "CREATE TABLE Other(n BIGINT)"})
  {
    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    EXPECT_THROW(
        {
          transaction.Execute(sql);
          transaction.Flush();
        },
        StatementError)
        << sql;
  }
  EXPECT_EQ(0, Count());
}

TEST_P(DatabaseTransactions, ErrorAtCommitUndoesAll)
{
  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  EXPECT_THROW(
      {
        transaction.Execute("INSERT INTO Numbers VALUES(1)");
        transaction.Execute("INSERT INTO Numbers VALUES(1)");
        transaction.Commit();
      },
      ConstraintError);
  transaction.Rollback();
  EXPECT_EQ(0, Count());
}

TEST_P(DatabaseTransactions, ScriptIsUndoneAsAWhole)
{
  {
    Transaction transaction(GetDatabase(), AccessMode::Exclusive);
    transaction.ExecuteScript("CREATE TABLE Other(n BIGINT); INSERT INTO Other VALUES(1);\n"
                              "INSERT INTO Numbers SELECT n FROM Other; -- last\n");
    EXPECT_EQ(1, transaction.QueryValue<int>("SELECT n FROM Numbers"));
  }
  EXPECT_EQ(0, Count());
  Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
  EXPECT_THROW(transaction.Query<int>("SELECT n FROM Other"), StatementError);
}

TEST_P(DatabaseTransactions, ThrowingHandlerFailsTheTransactionOnly)
{
  struct Surprise
  {
  };

  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  transaction.Execute("INSERT INTO Numbers VALUES(1), (2), (3)");
  int count = 0;
  EXPECT_THROW(transaction.QueryEach<int>("SELECT n FROM Numbers ORDER BY n",
                                          [&](int)
                                          {
                                            count++;
                                            throw Surprise();
                                          }),
               Surprise);
  EXPECT_EQ(1, count);
  EXPECT_THROW(transaction.Query<int>("SELECT 1"), UsageError);

  ISession& session = transaction.GetSession();
  transaction.Rollback();
  EXPECT_TRUE(session.IsUsable());
  session.Begin(AccessMode::ReadWrite);
  int64_t affected = -1;
  session.Enqueue("INSERT INTO Numbers VALUES(4)", {}, {},
                  [&](int64_t rows)
                  {
                    affected = rows;
                  });
  session.Commit();
  EXPECT_EQ(1, affected);
  EXPECT_EQ(1, Count());
}

TEST_P(DatabaseTransactions, RunTransactionAnswersAndCommits)
{
  const int answer = RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                                    [](Transaction& transaction)
                                    {
                                      transaction.Execute("INSERT INTO Numbers VALUES(1)");
                                      return 42;
                                    });
  EXPECT_EQ(42, answer);
  EXPECT_EQ(1, Count());
}

TEST_P(DatabaseTransactions, RunTransactionRetriesWhatMayBeRunAgain)
{
  const RetryPolicy quick{.maximumRetries = 3, .firstDelayMilliseconds = 0, .maximumDelayMilliseconds = 0};
  int attempts = 0;
  RunTransaction(
      GetDatabase(), AccessMode::ReadWrite,
      [&](Transaction& transaction)
      {
        transaction.Execute("INSERT INTO Numbers VALUES(1)");
        attempts++;
        if (attempts == 1)
        {
          throw RetryableError("in the way");
        }
        if (attempts == 2)
        {
          throw ConnectionLostError("lost");
        }
      },
      quick);
  EXPECT_EQ(3, attempts);
  EXPECT_EQ(1, Count());
}

TEST_P(DatabaseTransactions, RunTransactionGivesUpAfterItsRetries)
{
  const RetryPolicy quick{.maximumRetries = 3, .firstDelayMilliseconds = 0, .maximumDelayMilliseconds = 0};
  int attempts = 0;
  const auto alwaysBusy = [&](Transaction&)
  {
    attempts++;
    throw RetryableError("in the way");
  };
  EXPECT_THROW(RunTransaction(GetDatabase(), AccessMode::ReadWrite, alwaysBusy, quick), RetryableError);
  EXPECT_EQ(4, attempts);
}

TEST(DatabaseTransactionsWithoutServer, RunTransactionDoesNotWaitAgainForAConnectionThatCannotBeHad)
{
  class UnreachableDatabase : public IDatabase
  {
  public:
    Engine GetEngine() const override
    {
      return Engine::PostgreSQL;
    }

    std::string_view GetBootstrapScript() const override
    {
      return "";
    }

    SessionLease Acquire(AccessMode) override
    {
      attempts++;
      throw ConnectionLostError("nobody answers");
    }

    int attempts = 0;
  };

  UnreachableDatabase database;
  EXPECT_THROW(RunTransaction(database, AccessMode::ReadOnly, [](Transaction&) {}), ConnectionLostError);
  EXPECT_EQ(database.attempts, 1);
}

TEST_P(DatabaseTransactions, RunTransactionDoesNotRepeatOtherErrors)
{
  int attempts = 0;
  EXPECT_THROW(RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                              [&](Transaction& transaction)
                              {
                                attempts++;
                                InsertTwice(transaction);
                              }),
               ConstraintError);
  EXPECT_EQ(1, attempts);
}
