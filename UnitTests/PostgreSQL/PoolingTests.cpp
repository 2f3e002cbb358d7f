// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/Pooling.h"

#include "Framework/Common/Json.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/PostgreSQLMessageBus.h"
#include "UnitTests/Database/PostgreSQLFixture.h"
#include "UnitTests/PostgreSQL/TestPooler.h"

#include <atomic>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr const char* ONE_SESSION = "default_pool_size = 1";

    class PoolingTest : public testing::Test
    {
    protected:
      void SetUp() override
      {
        server_.Start();
      }

      std::string GetServerUri() const
      {
        return "postgresql://registry@127.0.0.1:" + std::to_string(server_.GetPort()) + "/postgres";
      }

      static PostgreSQLConfiguration Read(const std::string& uri,
                                          const std::string& options = "\"Lock\":false")
      {
        return PostgreSQLConfiguration::Read(ParseJson(
            R"({"PostgreSQL":{"EnableIndex":true,"ConnectionUri":")" + uri + "\"," + options + "}}"));
      }

      static Pooling Detect(const std::string& uri)
      {
        return DetectPooling(Read(uri).parameters);
      }

      static std::string GetSetting(IDatabase& database, const std::string& name)
      {
        return RunTransaction(database, AccessMode::ReadOnly,
                              [&](Transaction& transaction)
                              {
                                return transaction.QueryValue<std::string>("SELECT current_setting($1)",
                                                                           name);
                              });
      }

      TestServer server_;
    };

    TEST_F(PoolingTest, IsDetected)
    {
      EXPECT_EQ(Detect(GetServerUri()), Pooling::None);
      EXPECT_EQ(Detect(TestPooler(server_, "session").GetUri()), Pooling::Session);
      const std::string known = "max_prepared_statements = 200\n";
      EXPECT_EQ(Detect(TestPooler(server_, "transaction", known).GetUri()), Pooling::Transaction);
      EXPECT_EQ(Detect(TestPooler(server_, "transaction", known + ONE_SESSION).GetUri()),
                Pooling::Transaction);
    }

    TEST_F(PoolingTest, WithoutPreparedStatementsIsRefused)
    {
      for (const std::string options : {"", "\ndefault_pool_size = 1", "\nserver_round_robin = 1"})
      {
        const TestPooler pooler(server_, "transaction", "max_prepared_statements = 0" + options);
        const std::string text = GetErrorText(
            [&]
            {
              Detect(pooler.GetUri());
            });
        EXPECT_NE(text.find("max_prepared_statements = 200"), std::string::npos) << text;
      }
    }

    TEST_F(PoolingTest, SessionsThatLast)
    {
      const TestPooler bySession(server_, "session");
      const TestPooler byTransaction(server_, "transaction", "max_prepared_statements = 200");
      const std::string direct = R"("DirectUri":")" + GetServerUri() + "\"";
      EXPECT_TRUE(HasLastingSessions(Read(GetServerUri(), R"("Lock":true)")));
      EXPECT_TRUE(HasLastingSessions(Read(bySession.GetUri(), R"("Lock":true)")));
      EXPECT_TRUE(HasLastingSessions(Read(byTransaction.GetUri(), R"("Lock":true,)" + direct)));
      EXPECT_FALSE(HasLastingSessions(Read(byTransaction.GetUri())));
      const std::string locked = GetErrorText(
          [&]
          {
            HasLastingSessions(Read(byTransaction.GetUri(), R"("Lock":true)"));
          });
      EXPECT_NE(locked.find("DirectUri"), std::string::npos) << locked;
      const std::string indirect = GetErrorText(
          [&]
          {
            HasLastingSessions(Read(GetServerUri(), R"("DirectUri":")" + byTransaction.GetUri() + "\""));
          });
      EXPECT_NE(indirect.find("server itself"), std::string::npos) << indirect;
    }

    // Two clients in turn in one session of the server, with statements that look the same
    TEST_F(PoolingTest, EachTransactionHasItsSettings)
    {
      const TestPooler pooler(server_, "transaction",
                              std::string("max_prepared_statements = 200\n") + ONE_SESSION);
      std::vector<std::unique_ptr<PostgreSQLDatabase>> databases;
      for (const std::string schema : {"one", "two"})
      {
        const PostgreSQLConnection connection(Read(GetServerUri()).parameters);
        connection.Execute("CREATE SCHEMA " + schema, {});
        connection.Execute(
            "CREATE TABLE " + schema + ".Names AS SELECT CAST('" + schema + "' AS TEXT) AS name", {});
        databases.push_back(std::make_unique<PostgreSQLDatabase>(
            Read(pooler.GetUri(), R"("Lock":false,"Schema":")" + schema + "\"").parameters));
      }
      std::string process;
      for (int round = 0; round < 3; round++)
      {
        for (size_t i = 0; i < databases.size(); i++)
        {
          for (const AccessMode mode : {AccessMode::ReadOnly, AccessMode::ReadWrite})
          {
            const auto [name, timeout, pid] =
                RunTransaction(*databases[i], mode,
                               [](Transaction& transaction)
                               {
                                 return transaction
                                     .QueryOptional<std::string, std::string, std::string>(
                                         "SELECT name, current_setting('statement_timeout'), "
                                         "CAST(pg_backend_pid() AS TEXT) FROM Names")
                                     .value();
                               });
            EXPECT_EQ(name, i == 0 ? "one" : "two");
            EXPECT_EQ(timeout, "10min");
            EXPECT_EQ(pid, process.empty() ? pid : process);
            process = pid;
          }
        }
      }

      // Nothing stays behind in the session of the server
      const PostgreSQLConnection raw(Read(pooler.GetUri()).parameters);
      const PostgreSQLResult left =
          raw.Execute("SELECT pg_backend_pid(), current_setting('statement_timeout')", {});
      EXPECT_EQ(PQgetvalue(left.get(), 0, 0), process);
      EXPECT_STREQ(PQgetvalue(left.get(), 0, 1), "0");
    }

    TEST_F(PoolingTest, ExclusiveTransactionsMayTakeTheirTime)
    {
      const TestPooler pooler(server_, "transaction", "max_prepared_statements = 200");
      PostgreSQLDatabase database(Read(pooler.GetUri()).parameters);
      Transaction transaction(database, AccessMode::Exclusive);
      EXPECT_EQ(transaction.QueryValue<std::string>("SELECT current_setting('statement_timeout')"), "0");
      transaction.Commit();
      EXPECT_EQ(GetSetting(database, "statement_timeout"), "10min");
    }

    TEST_F(PoolingTest, VacuumsThroughTransactions)
    {
      const TestPooler pooler(server_, "transaction", "max_prepared_statements = 200");
      PostgreSQLDatabase database(Read(pooler.GetUri()).parameters);
      RunTransaction(database, AccessMode::ReadWrite,
                     [](Transaction& transaction)
                     {
                       transaction.ExecuteScript(
                           "CREATE TABLE Churned (id BIGINT) WITH (autovacuum_enabled = off);"
                           "INSERT INTO Churned SELECT generate_series(1, 5000); DELETE FROM Churned");
                     });
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            database.ReuseSpace({"churned"}, {});
            Transaction transaction(database, AccessMode::ReadOnly);
            return transaction.QueryValue<int64_t>(
                       "SELECT pg_stat_get_vacuum_count(CAST('Churned' AS regclass))") == 1;
          }));
    }

    TEST_F(PoolingTest, MessagesThroughSessions)
    {
      const TestPooler pooler(server_, "session");
      const PostgreSQLParameters parameters = Read(pooler.GetUri()).parameters;
      PostgreSQLDatabase database(parameters);
      PostgreSQLMessageBus bus(parameters);
      std::atomic<int> received = 0;
      bus.SetHandler(
          [&](std::string_view message)
          {
            received += message == "news" ? 1 : 0;
          });
      bus.Start();
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            RunTransaction(database, AccessMode::ReadWrite,
                           [&](Transaction& transaction)
                           {
                             bus.Publish(transaction, "news");
                           });
            return received > 0;
          }));
    }

    TEST_F(PoolingTest, WithoutMessagesAllIsLookedAtAgainAndAgain)
    {
      PostgreSQLMessageBus bus(Read(GetServerUri()).parameters);
      std::atomic<int> looks = 0;
      bus.SetHandler(
          [&](std::string_view message)
          {
            EXPECT_EQ(message, "");
            looks++;
          });
      bus.Poll();
      bus.Start();
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return looks >= 3;
          }));
    }
  }
}
