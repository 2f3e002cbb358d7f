// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Json.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/PostgreSQLConfiguration.h"
#include "PostgreSQL/PostgreSQLDatabase.h"
#include "UnitTests/PostgreSQL/TestServer.h"

#include <gtest/gtest.h>

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
  }
}
