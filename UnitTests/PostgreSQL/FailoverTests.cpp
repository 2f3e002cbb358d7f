// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Json.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/PostgreSQLConfiguration.h"
#include "PostgreSQL/PostgreSQLDatabase.h"
#include "PostgreSQL/PreferredHost.h"
#include "UnitTests/Database/PostgreSQLFixture.h"
#include "UnitTests/PostgreSQL/TestServer.h"

#include <set>
#include <thread>

namespace OrthancRegistry::Testing
{
  namespace
  {
    // Two servers that have nothing to do with each other
    class PostgreSQLFailover : public testing::Test
    {
    protected:
      std::string MakeUri() const
      {
        return "postgresql://registry@127.0.0.1:" + std::to_string(first_.GetPort()) +
               ",127.0.0.1:" + std::to_string(second_.GetPort()) + "/postgres";
      }

      static PostgreSQLParameters Read(const std::string& uri, const std::string& options = "",
                                       const std::string& coreOptions = "")
      {
        PostgreSQLParameters parameters =
            PostgreSQLConfiguration::Read(
                ParseJson(R"({"PostgreSQL":{"EnableIndex":true,"Lock":false,"ConnectionUri":")" + uri + "\"" +
                          options + "}" + coreOptions + "}"))
                .parameters;
        parameters.connectionRetries = 0;
        return parameters;
      }

      static int64_t GetPort(IDatabase& database)
      {
        return RunTransaction(database, AccessMode::ReadOnly,
                              [](Transaction& transaction)
                              {
                                return transaction.QueryValue<int64_t>(
                                    "SELECT CAST(current_setting('port') AS BIGINT)");
                              });
      }

      // Two servers, of which the second follows the first one
      void StartPair()
      {
        first_.Start();
        second_.Follow(first_);
        second_.Start();
      }

      static void RunOn(const TestServer& server, const std::string& sql)
      {
        PostgreSQLDatabase database(ReadOne(server));
        Transaction transaction(database, AccessMode::ReadWrite);
        transaction.ExecuteScript(sql);
        transaction.Commit();
      }

      static PostgreSQLParameters ReadOne(const TestServer& server, const std::string& coreOptions = "")
      {
        return Read("postgresql://registry@127.0.0.1:" + std::to_string(server.GetPort()) + "/postgres", "",
                    coreOptions);
      }

      static int64_t CountRows(const TestServer& server)
      {
        PostgreSQLDatabase database(ReadOne(server, READ_ONLY));
        return RunTransaction(database, AccessMode::ReadOnly,
                              [](Transaction& transaction)
                              {
                                return transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM Rows");
                              });
      }

      static int GetProcess(Transaction& transaction)
      {
        return dynamic_cast<PostgreSQLSession&>(transaction.GetSession()).GetServerProcess();
      }

      static constexpr const char* READ_ONLY = R"(,"ReadOnly":true)";

      TestServer first_;
      TestServer second_;
    };

    TEST_F(PostgreSQLFailover, FindsTheServerThatIsUp)
    {
      second_.Start();
      PostgreSQLDatabase database(Read(MakeUri()));
      EXPECT_EQ(GetPort(database), second_.GetPort());

      first_.Start();
      second_.Stop();
      EXPECT_EQ(GetPort(database), first_.GetPort());

      first_.Stop();
      EXPECT_THROW(GetPort(database), ConnectionLostError);
    }

    TEST_F(PostgreSQLFailover, WritesWhereItCan)
    {
      first_.Configure("default_transaction_read_only = on"); // as a standby announces itself
      first_.Start();
      second_.Start();
      PostgreSQLDatabase writer(Read(MakeUri()));
      EXPECT_EQ(GetPort(writer), second_.GetPort());
      PostgreSQLDatabase reader(Read(MakeUri(), "", R"(,"ReadOnly":true)"));
      EXPECT_EQ(GetPort(reader), first_.GetPort());
      PostgreSQLDatabase chooser(Read(MakeUri() + "?target_session_attrs=read-only"));
      EXPECT_EQ(GetPort(chooser), first_.GetPort());

      second_.Stop();
      EXPECT_THROW(GetPort(writer), ConnectionLostError);
      first_.Stop();
      first_.Configure("default_transaction_read_only = off");
      first_.Start();
      EXPECT_EQ(GetPort(writer), first_.GetPort());
    }

    TEST_F(PostgreSQLFailover, AStandbyIsForReadersOnly)
    {
      StartPair();
      PostgreSQLDatabase reader(ReadOne(second_, READ_ONLY));
      EXPECT_EQ(GetPort(reader), second_.GetPort());
      PostgreSQLDatabase writer(ReadOne(second_));
      const std::string text = GetErrorText(
          [&]
          {
            GetPort(writer);
          });
      EXPECT_NE(text.find("standby"), std::string::npos) << text;
      EXPECT_NE(text.find("ConnectionUri"), std::string::npos) << text;
      second_.Promote();
      EXPECT_EQ(GetPort(writer), second_.GetPort());
    }

    // What happens behind an address that moves, or a pooler
    TEST_F(PostgreSQLFailover, SessionsOfAServerThatOnlyReadsAreDropped)
    {
      StartPair();
      PostgreSQLDatabase database(ReadOne(second_, READ_ONLY));
      std::set<int> old;
      {
        Transaction first(database, AccessMode::ReadOnly);
        Transaction second(database, AccessMode::ReadOnly);
        old = {GetProcess(first), GetProcess(second)};
        first.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)");
        second.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)");
        first.Commit();
        second.Commit();
      }
      EXPECT_EQ(database.GetOpenConnections(), 2u);
      for (int i = 0; i < 2; i++)
      {
        Transaction transaction(database, AccessMode::ReadWrite);
        EXPECT_EQ(old.contains(GetProcess(transaction)), i == 0);
        transaction.Execute("SELECT 1");
        EXPECT_THROW(transaction.Flush(), ConnectionLostError);
        EXPECT_FALSE(transaction.GetSession().IsUsable());
      }
      EXPECT_EQ(database.GetOpenConnections(), 0u);

      second_.Promote();
      Transaction transaction(database, AccessMode::ReadWrite);
      transaction.Execute("CREATE TABLE Rows (value BIGINT)");
      transaction.Commit();
    }

    TEST_F(PostgreSQLFailover, ARefusedWriteDropsTheSessions)
    {
      first_.Start();
      PostgreSQLDatabase database(ReadOne(first_));
      RunOn(first_, "CREATE TABLE Rows (value BIGINT)");
      {
        Transaction transaction(database, AccessMode::ReadWrite);
        transaction.Execute("SET TRANSACTION READ ONLY");
        transaction.Execute("INSERT INTO Rows VALUES (1)");
        EXPECT_THROW(transaction.Flush(), ConnectionLostError);
      }
      EXPECT_EQ(database.GetOpenConnections(), 0u);
      EXPECT_EQ(CountRows(first_), 0);
    }

    TEST_F(PostgreSQLFailover, TheServerThatWasFoundIsAskedFirst)
    {
      StartPair();
      const PostgreSQLParameters parameters = Read(MakeUri());
      const std::string both = std::to_string(first_.GetPort()) + "," + std::to_string(second_.GetPort());
      const auto getPorts = [&]
      {
        for (const auto& [keyword, value] : parameters.preferredHost->Arrange(parameters.keywords))
        {
          if (keyword == "port")
          {
            return value;
          }
        }
        return std::string();
      };
      PostgreSQLDatabase database(parameters);
      EXPECT_EQ(GetPort(database), first_.GetPort());
      EXPECT_EQ(getPorts(), both);
      first_.Stop();
      second_.Promote();
      EXPECT_EQ(GetPort(database), second_.GetPort());
      EXPECT_EQ(getPorts(), std::to_string(second_.GetPort()) + "," + std::to_string(first_.GetPort()));

      // The order counts where any server will do, and where the choice is left to chance
      EXPECT_EQ(Read(MakeUri() + "?target_session_attrs=any").preferredHost, nullptr);
      EXPECT_EQ(Read(MakeUri() + "?load_balance_hosts=random").preferredHost, nullptr);
      EXPECT_EQ(Read(MakeUri(), "", READ_ONLY).preferredHost, nullptr);
    }

    TEST_F(PostgreSQLFailover, AServerThatHangsIsGivenUp)
    {
      first_.Start();
      PostgreSQLParameters parameters = ReadOne(first_);
      parameters.answerCheckSeconds = 1;
      PostgreSQLDatabase database(parameters);
      {
        // Slow is not dead
        Transaction transaction(database, AccessMode::ReadOnly);
        transaction.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT) FROM (SELECT pg_sleep(2.5)) s");
      }
      const PostgreSQLConnection connection(parameters);
      Transaction transaction(database, AccessMode::ReadOnly);
      transaction.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)");
      int old = 0;
      {
        Transaction idle(database, AccessMode::ReadOnly);
        idle.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)");
        old = GetProcess(idle);
      }
      EXPECT_EQ(database.GetOpenConnections(), 2u);
      first_.Suspend();
      const auto start = std::chrono::steady_clock::now();
      std::jthread other(
          [&]
          {
            EXPECT_THROW(connection.Execute("SELECT 1", {}), ConnectionLostError);
          });
      EXPECT_THROW(transaction.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)"), ConnectionLostError);
      other.join();
      EXPECT_FALSE(connection.IsAlive());
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
      EXPECT_FALSE(transaction.GetSession().IsUsable());
      transaction.Rollback();
      first_.Resume();
      Transaction next(database, AccessMode::ReadOnly);
      EXPECT_NE(GetProcess(next), old);
    }

    TEST_F(PostgreSQLFailover, IncarnationsOfServers)
    {
      StartPair();
      const auto get = [](const TestServer& server)
      {
        return PostgreSQLConnection(ReadOne(server)).GetIncarnation();
      };
      const std::string before = get(first_);
      EXPECT_NE(before, "");
      EXPECT_EQ(get(first_), before);
      first_.Stop(); // at once, as in a crash
      first_.Start();
      EXPECT_NE(get(first_), before);
      const std::string old = get(first_);
      first_.Stop();
      second_.Promote();
      EXPECT_NE(get(second_), old);
    }

    // What a COMMIT came to whose server is lost while it is under way
    class CommitAtFailover : public PostgreSQLFailover
    {
    protected:
      using Stage = PostgreSQLSession::CommitStage;

      void SetUp() override
      {
        StartPair();
        RunOn(first_, "CREATE TABLE Rows (value BIGINT)");
        EXPECT_TRUE(WaitUntil(
            [&]
            {
              return GetErrorText(
                         [&]
                         {
                           CountRows(second_);
                         })
                  .empty();
            }));
      }

      enum class Proof
      {
        None,
        Written,
        WrittenAlone // the number of the transaction has not arrived
      };

      void Insert(Proof proof, const std::function<void()>& what)
      {
        PostgreSQLDatabase database(Read(MakeUri()));
        Transaction transaction(database, AccessMode::ReadWrite);
        auto& session = dynamic_cast<PostgreSQLSession&>(transaction.GetSession());
        session.SetCommitHook(
            [&](Stage stage)
            {
              if (stage == Stage::AfterSending)
              {
                what();
                CutConnection(session);
              }
            });
        transaction.Execute("INSERT INTO Rows VALUES ($1)", 1);
        if (proof != Proof::None)
        {
          SetCommitProof(transaction, "SELECT 1 FROM Rows WHERE value = CAST($1 AS BIGINT)", "1");
        }
        if (proof != Proof::WrittenAlone)
        {
          transaction.Flush();
        }
        transaction.Commit();
      }

      void ReplicateAndFail()
      {
        EXPECT_TRUE(WaitUntil(
            [&]
            {
              return CountRows(second_) == 1;
            }));
        first_.Stop();
        second_.Promote();
      }

      // The standby has not got it, and gives its number to another transaction.
      void FailWithoutReplication()
      {
        EXPECT_TRUE(WaitUntil(
            [&]
            {
              return CountRows(first_) == 1;
            }));
        first_.Stop();
        second_.Start();
        second_.Promote();
        for (int i = 0; i < 20; i++)
        {
          RunOn(second_, "SELECT pg_current_xact_id()");
        }
      }
    };

    TEST_F(CommitAtFailover, ProvenByWhatItHasWritten)
    {
      Insert(Proof::Written,
             [&]
             {
               ReplicateAndFail();
             });
      EXPECT_EQ(CountRows(second_), 1);
    }

    TEST_F(CommitAtFailover, ProvenWithoutItsNumber)
    {
      Insert(Proof::WrittenAlone,
             [&]
             {
               ReplicateAndFail();
             });
      EXPECT_EQ(CountRows(second_), 1);
    }

    TEST_F(CommitAtFailover, LostWithoutItsNumber)
    {
      second_.Stop();
      EXPECT_THROW(Insert(Proof::WrittenAlone,
                          [&]
                          {
                            FailWithoutReplication();
                          }),
                   ConnectionLostError);
      EXPECT_EQ(CountRows(second_), 0);
    }

    TEST_F(CommitAtFailover, InDoubtWithoutProof)
    {
      EXPECT_THROW(Insert(Proof::None,
                          [&]
                          {
                            ReplicateAndFail();
                          }),
                   CommitInDoubtError);
    }

    TEST_F(CommitAtFailover, LostAlthoughItsNumberWasCommitted)
    {
      second_.Stop();
      EXPECT_THROW(Insert(Proof::Written,
                          [&]
                          {
                            FailWithoutReplication();
                          }),
                   ConnectionLostError);
      EXPECT_EQ(CountRows(second_), 0);
    }

    TEST_F(CommitAtFailover, NumberOfAnotherOneIsNoProof)
    {
      second_.Stop();
      EXPECT_THROW(Insert(Proof::None,
                          [&]
                          {
                            FailWithoutReplication();
                          }),
                   CommitInDoubtError);
    }
  }
}
