// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLCommitResolver.h"
#include "UnitTests/Database/PostgreSQLFixture.h"
#include "UnitTests/LogCapture.h"

#include <thread>

namespace OrthancRegistry::Testing
{
  class PostgreSQLCommitTest : public PostgreSQLTest
  {
  protected:
    using Stage = PostgreSQLSession::CommitStage;

    void SetUp() override
    {
      PostgreSQLTest::SetUp();
      RunOnServer("CREATE TABLE " + schema_ + ".Values (value BIGINT)");
    }

    // Inserts one row, with something happening at the given stage of COMMIT
    static void Insert(PostgreSQLDatabase& database, Stage when,
                       const std::function<void(const PostgreSQLSession&)>& what)
    {
      Transaction transaction(database, AccessMode::ReadWrite);
      PostgreSQLSession& session = GetSession(transaction);
      session.SetCommitHook(
          [&](Stage stage)
          {
            if (stage == when)
            {
              what(session);
            }
          });
      transaction.Execute("INSERT INTO Values VALUES($1)", 1);
      transaction.Commit();
    }

    // The same in one round trip: the outcome can be proven without the identifier of the transaction.
    static void InsertProven(PostgreSQLDatabase& database, Stage when,
                             const std::function<void(const PostgreSQLSession&)>& what)
    {
      Transaction transaction(database, AccessMode::ReadWrite);
      PostgreSQLSession& session = GetSession(transaction);
      session.SetCommitHook(
          [&](Stage stage)
          {
            EXPECT_EQ(0u, session.GetStatistics().roundTrips);
            if (stage == when)
            {
              what(session);
            }
          });
      transaction.Execute("INSERT INTO Values VALUES($1)", 1);
      SetCommitProof(transaction, "SELECT 1 FROM Values WHERE value = CAST($1 AS BIGINT)", "1");
      transaction.Commit();
      EXPECT_EQ(1u, session.GetStatistics().roundTrips);
    }

    // Makes COMMIT of rows of the table wait as long as somebody holds this lock.
    void MakeCommitWait(const std::string& lock) const
    {
      RunOnServer("CREATE FUNCTION " + schema_ +
                  ".WaitForLock() RETURNS TRIGGER LANGUAGE plpgsql AS "
                  "'BEGIN PERFORM pg_advisory_xact_lock(hashtext(''" +
                  lock +
                  "'')); RETURN NULL; END';"
                  "CREATE CONSTRAINT TRIGGER WaitForLock AFTER INSERT ON " +
                  schema_ +
                  ".Values "
                  "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION " +
                  parameters_.schema + ".WaitForLock()");
    }

    bool IsOutcomeAsked() const
    {
      Transaction transaction(*server_, AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE $1 AND "
                                             "pid <> pg_backend_pid()",
                                             "SELECT CASE WHEN%pg_xact_status(%") > 0;
    }
  };

  TEST_F(PostgreSQLCommitTest, CommittedAlthoughTheAnswerIsLost)
  {
    Insert(*database_, Stage::AfterSending,
           [&](const PostgreSQLSession& session)
           {
             ASSERT_TRUE(WaitUntil(
                 [&]
                 {
                   return CountRows("Values") == 1;
                 }));
             CutConnection(session);
           });
    EXPECT_EQ(1, CountRows("Values"));
    EXPECT_EQ(0u, database_->GetOpenConnections());
  }

  TEST_F(PostgreSQLCommitTest, AbortedBeforeCommitArrives)
  {
    EXPECT_THROW(Insert(*database_, Stage::BeforeSending,
                        [&](const PostgreSQLSession& session)
                        {
                          TerminateProcess(session.GetServerProcess());
                        }),
                 ConnectionLostError);
    EXPECT_EQ(0, CountRows("Values"));
    EXPECT_EQ(0u, database_->GetOpenConnections());
  }

  TEST_F(PostgreSQLCommitTest, CommitThatIsStillRunningIsAwaited)
  {
    MakeCommitWait(parameters_.schema);
    Transaction holder(*server_, AccessMode::ReadWrite);
    holder.QueryRows("SELECT pg_advisory_xact_lock(hashtext($1))", {{Bind(parameters_.schema)}}, {});
    std::jthread releaser;
    Insert(*database_, Stage::AfterSending,
           [&](const PostgreSQLSession& session)
           {
             ASSERT_TRUE(WaitUntil(
                 [&]
                 {
                   return IsWaiting(session.GetServerProcess());
                 }));
             CutConnection(session);
             releaser = std::jthread(
                 [&]
                 {
                   EXPECT_TRUE(WaitUntil(
                       [&]
                       {
                         return IsOutcomeAsked();
                       }));
                   holder.Commit();
                 });
           });
    EXPECT_EQ(1, CountRows("Values"));
  }

  TEST_F(PostgreSQLCommitTest, ProcessThatNeverEndsIsEnded)
  {
    MakeCommitWait(parameters_.schema);
    parameters_.commitResolutionSeconds = 2;
    const auto database = Connect();
    Transaction holder(*server_, AccessMode::ReadWrite);
    holder.QueryRows("SELECT pg_advisory_xact_lock(hashtext($1))", {{Bind(parameters_.schema)}}, {});
    EXPECT_THROW(Insert(*database, Stage::AfterSending,
                        [&](const PostgreSQLSession& session)
                        {
                          ASSERT_TRUE(WaitUntil(
                              [&]
                              {
                                return IsWaiting(session.GetServerProcess());
                              }));
                          CutConnection(session);
                        }),
                 ConnectionLostError);
    EXPECT_EQ(0, CountRows("Values"));
  }

  TEST_F(PostgreSQLCommitTest, InDoubtIfTheServerCannotBeAsked)
  {
    const std::string role = parameters_.schema;
    RunOnServer("CREATE ROLE " + role + " LOGIN SUPERUSER PASSWORD 'x'");
    parameters_.keywords.emplace_back("user", role);
    parameters_.keywords.emplace_back("password", "x");
    parameters_.commitResolutionSeconds = 1;
    auto database = Connect();
    EXPECT_THROW(Insert(*database, Stage::AfterSending,
                        [&](const PostgreSQLSession& session)
                        {
                          RunOnServer("ALTER ROLE " + role + " NOLOGIN");
                          CutConnection(session);
                        }),
                 CommitInDoubtError);
    database.reset();
    RunOnServer("DROP ROLE " + role);
  }

  TEST_F(PostgreSQLCommitTest, WhatCanBeProvenTakesOneRoundTrip)
  {
    InsertProven(*database_, Stage::AfterSending, [](const PostgreSQLSession&) {});
    EXPECT_EQ(1, CountRows("Values"));
  }

  TEST_F(PostgreSQLCommitTest, ProvenAlthoughNothingWasAnswered)
  {
    const LogCapture log;
    int process = 0;
    InsertProven(*database_, Stage::AfterSending,
                 [&](const PostgreSQLSession& session)
                 {
                   ASSERT_TRUE(WaitUntil(
                       [&]
                       {
                         return CountRows("Values") == 1;
                       }));
                   process = session.GetServerProcess();
                   CutConnection(session);
                 });
    EXPECT_EQ(1, CountRows("Values"));
    EXPECT_NE(log.Get().find("the last transaction of process " + std::to_string(process)), std::string::npos)
        << log.Get();
  }

  TEST_F(PostgreSQLCommitTest, LostWithTheProcessThatHadNotAnswered)
  {
    EXPECT_THROW(InsertProven(*database_, Stage::BeforeSending,
                              [&](const PostgreSQLSession& session)
                              {
                                TerminateProcess(session.GetServerProcess());
                              }),
                 ConnectionLostError);
    EXPECT_EQ(0, CountRows("Values"));
  }

  // It might still do it otherwise, after the question.
  TEST_F(PostgreSQLCommitTest, ProcessThatHasNotAnsweredIsEndedAtOnce)
  {
    MakeCommitWait(parameters_.schema);
    Transaction holder(*server_, AccessMode::ReadWrite);
    holder.QueryRows("SELECT pg_advisory_xact_lock(hashtext($1))", {{Bind(parameters_.schema)}}, {});
    int process = 0;
    std::chrono::steady_clock::time_point start;
    EXPECT_THROW(InsertProven(*database_, Stage::AfterSending,
                              [&](const PostgreSQLSession& session)
                              {
                                ASSERT_TRUE(WaitUntil(
                                    [&]
                                    {
                                      return IsWaiting(session.GetServerProcess());
                                    }));
                                CutConnection(session);
                                process = session.GetServerProcess();
                                start = std::chrono::steady_clock::now();
                              }),
                 ConnectionLostError);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
    EXPECT_EQ(0, holder.QueryValue<int64_t>("SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1", process));
    holder.Commit();
    EXPECT_EQ(0, CountRows("Values"));
  }

  // A process may have the number of one that is gone.
  TEST_F(PostgreSQLCommitTest, OnlyTheProcessItselfIsEnded)
  {
    Transaction other(*database_, AccessMode::ReadWrite);
    other.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)");
    const DoubtfulCommit commit = {.transactionId = "",
                                   .process = GetSession(other).GetServerProcess(),
                                   .processStart = "1.5",
                                   .incarnation = PostgreSQLConnection(parameters_).GetIncarnation(),
                                   .proof = "SELECT 1 FROM Values WHERE value = CAST($1 AS BIGINT)",
                                   .proofParameter = "1"};
    EXPECT_THROW(ResolveCommit(parameters_, commit), ConnectionLostError);
    other.Execute("INSERT INTO Values VALUES($1)", 1);
    other.Commit();
    EXPECT_NO_THROW(ResolveCommit(parameters_, commit));
  }

  TEST_F(PostgreSQLCommitTest, LostBeforeCommitNeedsNoQuestion)
  {
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Execute("INSERT INTO Values VALUES($1)", 1);
    CutConnection(GetSession(transaction));
    EXPECT_THROW(transaction.Commit(), ConnectionLostError);
    EXPECT_EQ(0, CountRows("Values"));
  }
}
