// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "PostgreSQL/PostgreSQLErrors.h"
#include "UnitTests/Database/PostgreSQLFixture.h"

#include <thread>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr const char* CANARY = "c4nary%/ word";

    void SetKeyword(PostgreSQLParameters& parameters, const std::string& keyword, const std::string& value)
    {
      parameters.keywords.emplace_back(keyword, value);
    }
  }

  class PostgreSQLErrorsTest : public PostgreSQLTest
  {
  protected:
    void SetUp() override
    {
      PostgreSQLTest::SetUp();
      RunOnServer("CREATE TABLE " + schema_ +
                  ".Accounts (id BIGINT PRIMARY KEY, name TEXT, value BIGINT "
                  "CHECK (value >= 0)); INSERT INTO " +
                  parameters_.schema + ".Accounts VALUES (1, 'a', 1), (2, 'b', 1)");
    }
  };

  TEST(PostgreSQLErrors, ClassesOfCodes)
  {
    EXPECT_THROW(ThrowDatabaseError("40001", ""), RetryableError);
    EXPECT_THROW(ThrowDatabaseError("40P01", ""), RetryableError);
    EXPECT_THROW(ThrowDatabaseError("55P03", ""), RetryableError);
    EXPECT_THROW(ThrowDatabaseError("57014", ""), StatementError);
    EXPECT_THROW(ThrowDatabaseError("23505", ""), ConstraintError);
    EXPECT_THROW(ThrowDatabaseError("08006", ""), ConnectionLostError);
    EXPECT_THROW(ThrowDatabaseError("57P01", ""), ConnectionLostError);
    EXPECT_THROW(ThrowDatabaseError("25P03", ""), ConnectionLostError);
    EXPECT_THROW(ThrowDatabaseError("25006", ""), StatementError);
    EXPECT_THROW(ThrowDatabaseError("42501", ""), PermissionError);
    EXPECT_THROW(ThrowDatabaseError("", ""), StatementError);
  }

  TEST_F(PostgreSQLErrorsTest, SerializationFailure)
  {
    parameters_.serializable = true;
    const auto database = Connect();
    Transaction first(*database, AccessMode::ReadWrite);
    Transaction second(*database, AccessMode::ReadWrite);
    for (Transaction* transaction : {&first, &second})
    {
      transaction->QueryValue<int64_t>("SELECT CAST(SUM(value) AS BIGINT) FROM Accounts");
    }
    first.Execute("UPDATE Accounts SET value = 0 WHERE id = $1", 1);
    first.Flush();
    second.Execute("UPDATE Accounts SET value = 0 WHERE id = $1", 2);
    first.Commit();
    EXPECT_THROW(second.Commit(), RetryableError);
  }

  TEST_F(PostgreSQLErrorsTest, ReadCommittedIsTheDefault)
  {
    Transaction first(*database_, AccessMode::ReadWrite);
    EXPECT_EQ("read committed",
              first.QueryValue<std::string>("SELECT current_setting('transaction_isolation')"));
    parameters_.serializable = true;
    const auto database = Connect();
    Transaction second(*database, AccessMode::ReadOnly);
    EXPECT_EQ("read committed",
              second.QueryValue<std::string>("SELECT current_setting('transaction_isolation')"));
  }

  TEST_F(PostgreSQLErrorsTest, Deadlock)
  {
    const auto update = [&](int64_t first, int64_t second)
    {
      RunTransaction(*database_, AccessMode::ReadWrite,
                     [&](Transaction& transaction)
                     {
                       for (const int64_t id : {first, second})
                       {
                         transaction.Execute("UPDATE Accounts SET value = value + 1 WHERE id = $1", id);
                         transaction.Flush();
                       }
                     });
    };

    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Execute("UPDATE Accounts SET value = value + 1 WHERE id = $1", 1);
    transaction.Flush();
    std::atomic<int64_t> process = 0;
    bool retryable = false;
    std::thread other(
        [&]
        {
          try
          {
            Transaction opposite(*database_, AccessMode::ReadWrite);
            opposite.Execute("UPDATE Accounts SET value = value + 1 WHERE id = $1", 2);
            opposite.Flush();
            process = GetSession(opposite).GetServerProcess();
            opposite.Execute("UPDATE Accounts SET value = value + 1 WHERE id = $1", 1);
            opposite.Commit();
          }
          catch (const RetryableError&)
          {
            retryable = true;
          }
        });
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return process != 0 && IsWaiting(process);
        }));
    try
    {
      transaction.Execute("UPDATE Accounts SET value = value + 1 WHERE id = $1", 2);
      transaction.Commit();
    }
    catch (const RetryableError&)
    {
      transaction.Rollback();
      EXPECT_FALSE(retryable);
      retryable = true;
    }
    other.join();
    EXPECT_TRUE(retryable);
    update(1, 2);
  }

  TEST_F(PostgreSQLErrorsTest, LockTimeout)
  {
    Transaction first(*database_, AccessMode::ReadWrite);
    first.Execute("UPDATE Accounts SET value = 5 WHERE id = $1", 1);
    first.Flush();
    Transaction second(*database_, AccessMode::ReadWrite);
    second.ExecuteScript("SET LOCAL lock_timeout = '20ms'");
    second.Execute("UPDATE Accounts SET value = 6 WHERE id = $1", 1);
    EXPECT_THROW(second.Flush(), RetryableError);
  }

  TEST_F(PostgreSQLErrorsTest, StatementTimeout)
  {
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.ExecuteScript("SET LOCAL statement_timeout = '20ms'");
    transaction.Execute("SELECT pg_sleep(10)");
    EXPECT_THROW(transaction.Flush(), StatementError);
  }

  TEST_F(PostgreSQLErrorsTest, WriteInReadOnlyTransaction)
  {
    Transaction transaction(*database_, AccessMode::ReadOnly);
    EXPECT_THROW(transaction.ExecuteCounted("DELETE FROM Accounts"), StatementError);
  }

  TEST_F(PostgreSQLErrorsTest, DeferredConstraintAtCommit)
  {
    RunOnServer("ALTER TABLE " + schema_ +
                ".Accounts ADD UNIQUE (value, name) DEFERRABLE INITIALLY DEFERRED");
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Execute("UPDATE Accounts SET name = $1", "a");
    transaction.Flush();
    EXPECT_THROW(transaction.Commit(), ConstraintError);
    EXPECT_THROW(transaction.Commit(), UsageError);
    Transaction next(*database_, AccessMode::ReadWrite);
    EXPECT_EQ("b", next.QueryValue<std::string>("SELECT name FROM Accounts WHERE id = 2"));
  }

  TEST_F(PostgreSQLErrorsTest, LostConnection)
  {
    {
      Transaction transaction(*database_, AccessMode::ReadWrite);
      transaction.Execute("UPDATE Accounts SET value = 7");
      transaction.Flush();
      TerminateProcess(GetSession(transaction).GetServerProcess());
      transaction.Execute("UPDATE Accounts SET value = 8");
      EXPECT_THROW(transaction.Flush(), ConnectionLostError);
      EXPECT_FALSE(transaction.GetSession().IsUsable());
    }
    EXPECT_EQ(0u, database_->GetOpenConnections());
    Transaction transaction(*database_, AccessMode::ReadOnly);
    EXPECT_EQ(1, transaction.QueryValue<int64_t>("SELECT MAX(value) FROM Accounts"));
  }

  TEST_F(PostgreSQLErrorsTest, ConnectionLostWhileIdleIsReplaced)
  {
    for (const AccessMode mode : {AccessMode::ReadOnly, AccessMode::ReadWrite})
    {
      int process = 0;
      {
        Transaction transaction(*database_, mode);
        transaction.QueryValue<int64_t>("SELECT $1", 1);
        process = GetSession(transaction).GetServerProcess();
        transaction.Commit();
      }
      TerminateProcess(process);
      Transaction transaction(*database_, mode);
      EXPECT_EQ(2, transaction.QueryValue<int64_t>("SELECT $1", 2));
      EXPECT_NE(process, GetSession(transaction).GetServerProcess());
      EXPECT_EQ(1u, database_->GetOpenConnections());
    }
  }

  TEST_F(PostgreSQLErrorsTest, PasswordIsNeverInTexts)
  {
    std::vector<PostgreSQLParameters> wrong(3, parameters_);
    SetKeyword(wrong[0], "port", "1");
    SetKeyword(wrong[1], "host", "nowhere.invalid");
    SetKeyword(wrong[2], "sslmode", CANARY);
    wrong.push_back(parameters_);
    for (PostgreSQLParameters& parameters : wrong)
    {
      parameters.connectionRetries = 0;
      SetKeyword(parameters, "password", CANARY);
      PostgreSQLDatabase database(parameters);
      const std::string text = GetErrorText(
          [&]
          {
            Transaction transaction(database, AccessMode::ReadOnly);
          });
      EXPECT_FALSE(text.empty());
      EXPECT_EQ(std::string::npos, text.find(CANARY)) << text;
    }
  }

  TEST_F(PostgreSQLErrorsTest, MalformedUriIsNotQuoted)
  {
    for (const std::string uri :
         {"postgresql://user:c4nary@[host/base", "postgresql://user:c4nary@host/base?what=c4nary",
          "postgresql://user:c4nary%zz@host/base", "password=c4nary host"})
    {
      const std::string text = GetErrorText(
          [&]
          {
            PostgreSQLParameters::FromUri(uri);
          });
      EXPECT_FALSE(text.empty()) << uri;
      EXPECT_EQ(std::string::npos, text.find("c4nary")) << text;
    }
  }

  TEST_F(PostgreSQLErrorsTest, ValuesAreNeverInTexts)
  {
    const auto check = [&](const auto& statement)
    {
      const std::string text = GetErrorText(
          [&]
          {
            Transaction transaction(*database_, AccessMode::ReadWrite);
            statement(transaction);
            transaction.Commit();
          });
      EXPECT_FALSE(text.empty());
      EXPECT_EQ(std::string::npos, text.find(CANARY)) << text;
    };
    RunOnServer("CREATE UNIQUE INDEX ON " + schema_ + ".Accounts (name)");
    check(
        [](Transaction& transaction)
        {
          transaction.Execute("SELECT CAST(CAST($1 AS TEXT) AS BIGINT)", CANARY);
        });
    check(
        [](Transaction& transaction)
        {
          transaction.Execute("UPDATE Accounts SET name = $1", CANARY);
        });
    check(
        [](Transaction& transaction)
        {
          transaction.Execute("UPDATE Accounts SET name = $1, value = -1 WHERE id = 1", CANARY);
        });
    check(
        [](Transaction& transaction)
        {
          transaction.Execute("SELECT CAST(CAST($1 AS TEXT) AS TIMESTAMP)", CANARY);
        });
  }

  TEST_F(PostgreSQLErrorsTest, SchemaNames)
  {
    for (const std::string name : {"", "1a", "A", "a b", "a\"b", "a;drop", "sch\xC3\xA9ma", "a.b"})
    {
      EXPECT_THROW(CheckSchemaName(name), RegistryError) << name;
      parameters_.schema = name;
      EXPECT_THROW(Connect(), RegistryError) << name;
    }
    EXPECT_THROW(CheckSchemaName(std::string(64, 'a')), RegistryError);
    CheckSchemaName(std::string(63, 'a'));
    CheckSchemaName("_a1");
  }

  TEST_F(PostgreSQLErrorsTest, SchemaMayBeAReservedWord)
  {
    parameters_.schema = "select";
    const auto database = Connect();
    Transaction transaction(*database, AccessMode::ReadOnly);
    EXPECT_EQ("\"select\"", transaction.QueryValue<std::string>("SELECT current_setting('search_path')"));
  }

  TEST_F(PostgreSQLErrorsTest, ConnectingIsTriedAgain)
  {
    SetKeyword(parameters_, "port", "1");
    parameters_.connectionRetries = 2;
    parameters_.connectionRetrySeconds = 1;
    const auto database = Connect();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THROW(Transaction(*database, AccessMode::ReadOnly), ConnectionLostError);
    EXPECT_LE(std::chrono::milliseconds(300), std::chrono::steady_clock::now() - start);
    EXPECT_EQ(0u, database->GetOpenConnections());
  }
}
