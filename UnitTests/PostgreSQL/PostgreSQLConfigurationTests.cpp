// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLConfiguration.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    PostgreSQLConfiguration Read(const std::string& options)
    {
      return PostgreSQLConfiguration::Read(
          ParseJson("{\"PostgreSQL\":{\"EnableIndex\":true" + (options.empty() ? "" : "," + options) + "}}"));
    }

    std::string GetKeyword(const PostgreSQLConfiguration& configuration, const std::string& name)
    {
      const auto& keywords = configuration.parameters.keywords;
      const auto found = std::find_if(keywords.begin(), keywords.end(),
                                      [&](const auto& keyword)
                                      {
                                        return keyword.first == name;
                                      });
      return found == keywords.end() ? "(absent)" : found->second;
    }

    TEST(PostgreSQLConfiguration, IsDisabledWithoutASection)
    {
      const auto read = PostgreSQLConfiguration::Read(ParseJson("{}"));
      EXPECT_FALSE(read.isIndexEnabled);
      EXPECT_FALSE(read.isStorageEnabled);
      EXPECT_FALSE(PostgreSQLConfiguration::Read(ParseJson("{\"PostgreSQL\":{\"Port\":-1}}")).isIndexEnabled);
    }

    TEST(PostgreSQLConfiguration, HasTheDefaultsOfTheStockPlugin)
    {
      const auto read = Read("");
      EXPECT_TRUE(read.isIndexEnabled);
      EXPECT_FALSE(read.isStorageEnabled);
      EXPECT_TRUE(read.isLocked);
      EXPECT_EQ(read.maximumRetries, 10u);
      EXPECT_EQ(read.housekeepingSeconds, 1u);
      EXPECT_EQ(GetKeyword(read, "host"), "localhost");
      EXPECT_EQ(GetKeyword(read, "port"), "5432");
      EXPECT_EQ(GetKeyword(read, "sslmode"), "disable");
      EXPECT_EQ(GetKeyword(read, "user"), "(absent)");
      EXPECT_EQ(read.parameters.schema, "public");
      EXPECT_FALSE(read.parameters.serializable);
      EXPECT_EQ(read.parameters.maximumConnections, 50u);
      EXPECT_EQ(read.parameters.connectionRetries, 10u);
      EXPECT_EQ(read.parameters.connectionRetrySeconds, 5u);
      EXPECT_TRUE(read.warnings.empty());
    }

    TEST(PostgreSQLConfiguration, ReadsAllOptions)
    {
      const auto read =
          Read(R"("Host":"::1","Port":5433,"Database":"orthanc","Username":"o","Password":"p' q\\",
        "EnableSsl":true,"Lock":false,"MaximumConnectionRetries":3,"ConnectionRetryInterval":2,"Schema":"PACS",
        "IndexConnectionsCount":7,"TransactionMode":"Serializable","HousekeepingInterval":9,"ApplicationName":"a",
        "EnableVerboseLogs":true,"UseDynamicConnectionPool":true,"AllowInconsistentChildCounts":true)");
      EXPECT_FALSE(read.isLocked);
      EXPECT_EQ(read.maximumRetries, 3u);
      EXPECT_EQ(read.housekeepingSeconds, 9u);
      EXPECT_EQ(GetKeyword(read, "password"), "p' q\\");
      EXPECT_EQ(GetKeyword(read, "dbname"), "orthanc");
      EXPECT_EQ(GetKeyword(read, "sslmode"), "require");
      EXPECT_EQ(GetKeyword(read, "application_name"), "a");
      EXPECT_EQ(read.parameters.schema, "pacs");
      EXPECT_TRUE(read.parameters.serializable);
      EXPECT_EQ(read.parameters.maximumConnections, 7u);
      EXPECT_TRUE(read.warnings.empty());
    }

    TEST(PostgreSQLConfiguration, PrefersTheUri)
    {
      const auto read = Read(R"("Host":"elsewhere","ConnectionUri":"postgresql://u:p@localhost:1/d")");
      EXPECT_EQ(GetKeyword(read, "host"), "localhost");
      EXPECT_EQ(GetKeyword(read, "dbname"), "d");
    }

    TEST(PostgreSQLConfiguration, WarnsOfUnknownOptionsByName)
    {
      const auto read = Read("\"Shema\":\"x\"");
      ASSERT_EQ(read.warnings.size(), 1u);
      EXPECT_NE(read.warnings[0].find("PostgreSQL.Shema"), std::string::npos);
    }

    TEST(PostgreSQLConfiguration, WarnsOfConnectionsThatOthersCanRead)
    {
      EXPECT_TRUE(Read("\"Host\":\"127.0.0.1\"").warnings.empty());
      EXPECT_TRUE(Read("\"Host\":\"/run/postgresql\"").warnings.empty());
      const auto plain = Read("\"Host\":\"db\",\"Password\":\"secret\"");
      ASSERT_EQ(plain.warnings.size(), 1u);
      EXPECT_NE(plain.warnings[0].find("NOT (OR NOT ALWAYS) ENCRYPTED"), std::string::npos);
      EXPECT_EQ(plain.warnings[0].find("secret"), std::string::npos);
      const auto unverified = Read("\"Host\":\"db\",\"EnableSsl\":true");
      ASSERT_EQ(unverified.warnings.size(), 1u);
      EXPECT_NE(unverified.warnings[0].find("not verified"), std::string::npos);
      EXPECT_TRUE(Read("\"ConnectionUri\":\"postgresql://db/d?sslmode=verify-full\"").warnings.empty());
      EXPECT_EQ(Read("\"ConnectionUri\":\"postgresql://db/d\"").warnings.size(), 1u);
    }

    TEST(PostgreSQLConfiguration, RefusesWrongValues)
    {
      EXPECT_THROW(Read("\"TransactionMode\":\"readcommitted\""), RegistryError);
      EXPECT_THROW(Read("\"HousekeepingInterval\":0"), RegistryError);
      EXPECT_THROW(Read("\"Schema\":\"a b\""), RegistryError);
      EXPECT_THROW(Read("\"Port\":\"5432\""), RegistryError);
      EXPECT_THROW(Read("\"ConnectionUri\":\"postgresql://u:p@[::1/d\""), RegistryError);
    }
  }
}
