// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Migrator.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/DeferredIndexes.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "PostgreSQL/ServerLock.h"
#include "PostgreSQL/StockSchema.h"
#include "UnitTests/Database/PostgreSQLFixture.h"
#include "UnitTests/LogCapture.h"
#include "UnitTests/PostgreSQL/StockLayout.h"

#include <algorithm>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr const char* COMPONENTS[] = {"Index",   "Storage",   "Jobs",     "Calls",
                                          "Queries", "Directory", "Stability"};
  }

  // A role that may read and write rows, and nothing else
  class RuntimeRole : public PostgreSQLTest
  {
  protected:
    void SetUp() override
    {
      PostgreSQLTest::SetUp();
      role_ = "role_" + schema_.substr(5);
      RunOnServer("CREATE ROLE " + role_ + " LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA " + schema_ + " TO " +
                  role_);
      ownParameters_ = parameters_;
      ownParameters_.keywords.emplace_back("user", role_);
      ownParameters_.keywords.emplace_back("password", "x");
      own_ = std::make_unique<PostgreSQLDatabase>(ownParameters_);
    }

    void TearDown() override
    {
      own_.reset();
      RunOnServer("DROP OWNED BY " + role_ + "; DROP ROLE " + role_);
      PostgreSQLTest::TearDown();
    }

    static int Migrate(IDatabase& database)
    {
      int steps = 0;
      for (const std::string component : COMPONENTS)
      {
        steps += Migrator(database, component, PostgreSQL::GetMigrations(component)).Run();
      }
      return steps;
    }

    void GrantRows() const
    {
      RunOnServer("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema_ + " TO " + role_ +
                  "; GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA " + schema_ + " TO " + role_ +
                  "; REVOKE INSERT, UPDATE, DELETE ON " + schema_ + ".SharedVersions FROM " + role_);
    }

    static void ExpectAdvice(const std::function<void()>& action)
    {
      const std::string error = GetErrorText(action);
      EXPECT_NE(error.find("--upgrade"), std::string::npos) << error;
    }

    std::string role_;
    PostgreSQLParameters ownParameters_;
    std::unique_ptr<PostgreSQLDatabase> own_;
  };

  TEST_F(RuntimeRole, StartsOnADatabaseThatIsUpToDate)
  {
    EXPECT_LT(0, Migrate(*database_));
    GrantRows();
    EXPECT_FALSE(AdoptStockSchema(*own_, false));
    EXPECT_EQ(0, Migrate(*own_));
  }

  TEST_F(RuntimeRole, IsToldWhoMustUpgradeADatabase)
  {
    ExpectAdvice(
        [&]
        {
          Migrate(*own_);
        });
    EXPECT_FALSE(StockSchema::Find(*database_));

    Migrate(*database_);
    GrantRows();
    RunOnServer("DELETE FROM " + schema_ + ".SharedVersions WHERE component = 'Stability'");
    ExpectAdvice(
        [&]
        {
          Migrate(*own_);
        });
  }

  TEST_F(RuntimeRole, IsToldWhenItMayNotUseTheSchema)
  {
    CheckSchemaExists(*own_, schema_);
    RunOnServer("REVOKE USAGE ON SCHEMA " + schema_ + " FROM " + role_);
    const std::string error = GetErrorText(
        [&]
        {
          CheckSchemaExists(*own_, schema_);
        });
    EXPECT_NE(error.find("may not use the schema"), std::string::npos) << error;
  }

  TEST_F(RuntimeRole, VacuumsOnlyWhatItMay)
  {
    Migrate(*database_);
    GrantRows();
    RunOnServer("ALTER TABLE " + schema_ + ".SharedJobKeys SET (autovacuum_enabled = off)");
    const auto churn = [&](const char* sql)
    {
      RunTransaction(*own_, AccessMode::ReadWrite,
                     [&](Transaction& transaction)
                     {
                       transaction.Execute(sql);
                     });
    };
    const auto ask = [&](const std::string& function)
    {
      Transaction transaction(*own_, AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>("SELECT " + function + "(CAST('SharedJobKeys' AS regclass))");
    };
    churn("INSERT INTO SharedJobKeys SELECT CAST(n AS TEXT), 'u', 'j', 0 FROM generate_series(1, 2000) n");
    churn("DELETE FROM SharedJobKeys");
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return ask("pg_stat_get_dead_tuples") == 2000;
        }));
    const LogCapture log;
    own_->ReuseSpace({"sharedjobkeys"}, {});
    own_->ReuseSpace({"sharedjobkeys"}, {});
    EXPECT_EQ(0, ask("pg_stat_get_vacuum_count"));
    const std::string text = log.Get();
    EXPECT_NE(text.find("roles.md"), std::string::npos) << text;
    EXPECT_EQ(1, std::count(text.begin(), text.end(), '\n'));

    RunOnServer("DO $$ BEGIN IF current_setting('server_version_num')::INTEGER < 170000 THEN ALTER TABLE " +
                schema_ + ".SharedJobKeys OWNER TO " + role_ + "; ELSE GRANT MAINTAIN ON " + schema_ +
                ".SharedJobKeys TO " + role_ + "; END IF; END $$");
    PostgreSQLDatabase(ownParameters_).ReuseSpace({"sharedjobkeys"}, {});
    EXPECT_EQ(1, ask("pg_stat_get_vacuum_count"));
  }

  TEST_F(RuntimeRole, DoesNotTakeOverADatabaseOfStock)
  {
    MakeStockSchema(*database_, 10);
    RunOnServer("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema_ + " TO " + role_ +
                "; GRANT CREATE ON SCHEMA " + schema_ + " TO " + role_);
    ExpectAdvice(
        [&]
        {
          AdoptStockSchema(*own_, false);
        });
    EXPECT_TRUE(StockSchema::Find(*database_));
  }

  TEST_F(RuntimeRole, LeavesIndexesToTheOwner)
  {
    MakeStockSchema(*database_, 10);
    EXPECT_TRUE(AdoptStockSchema(*database_, false));
    Migrate(*database_);
    GrantRows();
    EXPECT_TRUE(AdoptStockSchema(*own_, false));
    EXPECT_THROW(DeferredIndexes(*own_, ownParameters_).Finish(), PermissionError);
    DeferredIndexes(*database_, parameters_).Finish();
    DeferredIndexes(*own_, ownParameters_).Finish(); // nothing is left to do
  }
}
