// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLConfiguration.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Common/Uuid.h"
#include "PostgreSQL/TlsConfiguration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace OrthancRegistry
{
  namespace
  {
    PostgreSQLConfiguration Read(const std::string& options)
    {
      return PostgreSQLConfiguration::Read(
          ParseJson("{\"PostgreSQL\":{\"EnableIndex\":true" + (options.empty() ? "" : "," + options) + "}}"));
    }

    std::string GetMessage(const std::string& options)
    {
      try
      {
        Read(options);
      }
      catch (const RegistryError& error)
      {
        return error.what();
      }
      return "";
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

    TEST(PostgreSQLConfiguration, ADirectUriIsForSessionsThatLast)
    {
      const auto keyword = [](const PostgreSQLParameters& parameters, const char* name)
      {
        const std::string* const value = parameters.Find(name);
        return value == nullptr ? "(absent)" : *value;
      };
      const auto none = Read(R"("Host":"pooler","Password":"p")");
      EXPECT_FALSE(none.hasDirectUri);
      EXPECT_EQ(none.lasting.keywords, none.parameters.keywords);
      const auto read =
          Read(R"("ConnectionUri":"postgresql://u@pooler:6432/d","Schema":"s","SslMode":"require",)"
               R"("DirectUri":"postgresql://u:p@one,two/d","ApplicationName":"a")");
      EXPECT_TRUE(read.hasDirectUri);
      EXPECT_EQ(keyword(read.parameters, "host"), "pooler");
      EXPECT_EQ(keyword(read.parameters, "password"), "(absent)");
      EXPECT_EQ(keyword(read.lasting, "host"), "one,two");
      EXPECT_EQ(keyword(read.lasting, "password"), "p");
      EXPECT_EQ(keyword(read.lasting, "sslmode"), "require");
      EXPECT_EQ(keyword(read.lasting, "application_name"), "a");
      EXPECT_EQ(keyword(read.lasting, "target_session_attrs"), "read-write");
      EXPECT_EQ(read.lasting.schema, "s");
      EXPECT_NE(read.lasting.preferredHost, nullptr);
      EXPECT_EQ(read.parameters.preferredHost, nullptr);
      const std::string message = GetMessage(R"("DirectUri":7)");
      EXPECT_NE(message.find("DirectUri"), std::string::npos) << message;
      EXPECT_EQ(GetMessage(R"("DirectUri":"postgresql://u:secret@[one/d")").find("secret"),
                std::string::npos);
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

    TEST(PostgreSQLConfiguration, WarnsOfUnknownOptions)
    {
      EXPECT_EQ(Read("\"Shema\":\"x\"").warnings,
                std::vector<std::string>{"Configuration: the unknown option \"PostgreSQL.Shema\" is ignored: "
                                         "did you mean \"Schema\"?"});
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

    TEST(PostgreSQLConfiguration, KnowsWhichHostsAreRemote)
    {
      const auto getHosts = [](const std::string& query)
      {
        return GetRemoteHosts(PostgreSQLParameters::FromUri("postgresql://" + query));
      };
      EXPECT_EQ(getHosts("/d"), "");
      EXPECT_EQ(getHosts("localhost,127.0.0.2:1,[::1]/d"), "");
      EXPECT_EQ(getHosts("localhost,db1:1,db2/d"), "db1, db2");
      EXPECT_EQ(getHosts("127.example.org/d"), "127.example.org");
      EXPECT_EQ(getHosts("db/d?hostaddr=127.0.0.1"), "");
      EXPECT_EQ(getHosts("localhost/d?hostaddr=10.0.0.1"), "10.0.0.1");
    }

    TEST(PostgreSQLConfiguration, KeepsTheNameOfTheUri)
    {
      const auto read = Read(R"("ApplicationName":"a","ConnectionUri":"postgresql:///d?application_name=u")");
      EXPECT_EQ(GetKeyword(read, "application_name"), "u");
      const auto filled = Read(R"("ApplicationName":"a","ConnectionUri":"postgresql:///d")");
      EXPECT_EQ(GetKeyword(filled, "application_name"), "a");
    }

    TEST(PostgreSQLConfiguration, LooksForAWriterAmongSeveral)
    {
      const char* const keyword = "target_session_attrs";
      EXPECT_EQ(GetKeyword(Read(""), keyword), "(absent)");
      EXPECT_EQ(GetKeyword(Read(R"("Host":"a,b")"), keyword), "read-write");
      EXPECT_EQ(GetKeyword(Read(R"("ConnectionUri":"postgresql://a,b/d")"), keyword), "read-write");
      const auto asked = Read(R"("ConnectionUri":"postgresql://a,b/d?target_session_attrs=primary")");
      EXPECT_EQ(GetKeyword(asked, keyword), "primary");
    }

    TEST(PostgreSQLConfiguration, LogsStatementsIfAsked)
    {
      EXPECT_FALSE(Read("").parameters.logsStatements);
      EXPECT_TRUE(Read("\"EnableVerboseLogs\":true").parameters.logsStatements);
    }

    TEST(PostgreSQLConfiguration, LockNeedsAWriter)
    {
      const auto read = [](const std::string& options)
      {
        return PostgreSQLConfiguration::Read(
            ParseJson(R"({"ReadOnly":true,"PostgreSQL":{"EnableIndex":true)" + options + "}}"));
      };
      EXPECT_THROW(read(""), RegistryError);
      EXPECT_FALSE(read(",\"Lock\":false").isLocked);
    }

    TEST(PostgreSQLConfiguration, TakesAPasswordFromOnePlace)
    {
      const std::string path = std::filesystem::temp_directory_path() / ("registry-" + GenerateUuid());
      const auto write = [&](const std::string& content)
      {
        std::ofstream(path, std::ios::binary) << content;
        return "\"PasswordFile\":\"" + path + "\"";
      };
      EXPECT_EQ(GetKeyword(Read(write("secret\n")), "password"), "secret");
      EXPECT_EQ(GetKeyword(Read(write("secret\r\n")), "password"), "secret");
      EXPECT_EQ(GetKeyword(Read(write(" sec\nret ")), "password"), " sec\nret ");
      EXPECT_EQ(GetKeyword(Read(write(std::string(4096, 'x') + "\n")), "password"), std::string(4096, 'x'));
      for (const std::string& content : {std::string(), std::string("\n"), std::string(4097, 'x') + "\n",
                                         std::string(10000, 'x'), std::string("a\0b", 3)})
      {
        EXPECT_NE(GetMessage(write(content)).find("PostgreSQL.PasswordFile"), std::string::npos);
      }
      EXPECT_THROW(Read(write("secret") + ",\"Password\":\"other\""), RegistryError);
      EXPECT_EQ(GetKeyword(Read(write("secret") + ",\"Password\":\"\""), "password"), "secret");
      std::filesystem::remove(path);
      EXPECT_NE(GetMessage("\"PasswordFile\":\"" + path + "\"").find("cannot be read"), std::string::npos);
      EXPECT_NE(GetMessage("\"PasswordFile\":\"/tmp\"").find("PasswordFile"), std::string::npos);

      setenv("REGISTRY_TEST_PASSWORD", "from the environment", 1);
      EXPECT_EQ(GetKeyword(Read("\"PasswordVariable\":\"REGISTRY_TEST_PASSWORD\""), "password"),
                "from the environment");
      unsetenv("REGISTRY_TEST_PASSWORD");
      const std::string absent = GetMessage("\"PasswordVariable\":\"REGISTRY_TEST_PASSWORD\"");
      EXPECT_NE(absent.find("PostgreSQL.PasswordVariable"), std::string::npos);
      EXPECT_EQ(absent.find("REGISTRY_TEST_PASSWORD"), std::string::npos); // may be the password itself
    }

    TEST(PostgreSQLConfiguration, ChecksWhatTlsNeeds)
    {
      const auto refuses = [](const std::string& options, const std::string& option)
      {
        const std::string message = GetMessage(options);
        EXPECT_NE(message.find("\"PostgreSQL." + option + "\""), std::string::npos) << options << message;
      };
      refuses(R"("SslMode":"allow")", "SslMode");
      refuses(R"("SslMode":"disable","EnableSsl":true)", "SslMode");
      refuses(R"("SslMode":"verify-full")", "SslRootCertificate");
      refuses(R"("SslMode":"verify-full","SslRootCertificate":"/no/such/file")", "SslRootCertificate");
      refuses(R"("SslMode":"verify-full","SslRootCertificate":"/tmp")", "SslRootCertificate");
      refuses(R"("SslMode":"require","SslRootCertificate":"system")", "SslRootCertificate");
      refuses(R"("SslRootCertificate":"/etc/hostname")", "SslRootCertificate");
      refuses(R"("SslMode":"require","SslKey":"/etc/hostname")", "SslCertificate");
      refuses(R"("SslMode":"require","SslCertificate":"/etc/hostname")", "SslKey");
      refuses(R"("SslMode":"require","SslCertificate":"/no","SslKey":"/etc/hostname")", "SslCertificate");
      EXPECT_EQ(GetMessage(R"("SslMode":"verify-full","SslRootCertificate":"system")"), "");
      EXPECT_EQ(
          GetMessage(R"("SslMode":"verify-full","EnableSsl":true,"SslRootCertificate":"/etc/hostname")"), "");
    }

    TEST(PostgreSQLConfiguration, RefusesWrongValues)
    {
      EXPECT_THROW(Read("\"TransactionMode\":\"readcommitted\""), RegistryError);
      EXPECT_THROW(Read("\"HousekeepingInterval\":0"), RegistryError);
      EXPECT_NE(GetMessage("\"Schema\":\"a b\"").find("\"PostgreSQL.Schema\" is \"a b\""), std::string::npos);
      EXPECT_THROW(Read("\"Port\":\"5432\""), RegistryError);
      const std::string uri = GetMessage("\"ConnectionUri\":\"postgresql://u:hidden@[::1/d\"");
      EXPECT_NE(uri, "");
      EXPECT_EQ(uri.find("hidden"), std::string::npos);
    }
  }
}
