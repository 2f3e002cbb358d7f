// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Plugin/RegistryConfiguration.h"
#include "SQLite/SQLiteConfiguration.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace OrthancRegistry
{
  namespace
  {
    std::string GetMessage(const std::string& configuration)
    {
      try
      {
        RegistryConfiguration::Read(ParseJson(configuration));
      }
      catch (const RegistryError& error)
      {
        return error.what();
      }
      return "";
    }

    TEST(RegistryConfiguration, HasDefaults)
    {
      const auto read = RegistryConfiguration::Read(ParseJson("{}"));
      EXPECT_TRUE(read.areJobsEnabled);
      EXPECT_FALSE(read.isReadOnly);
      EXPECT_EQ(read.jobs.leaseSeconds, 15u);
      EXPECT_EQ(read.jobs.heartbeatMilliseconds, 1000u);
      EXPECT_EQ(read.jobs.maximumAttempts, 3u);
      EXPECT_EQ(read.jobs.concurrentJobs, 2u);
    }

    TEST(RegistryConfiguration, KeyOfSecretsFromTheEnvironment)
    {
      constexpr const char* VARIABLE = "ORTHANC_REGISTRY_KEY";
      const auto read = [](const std::string& configuration)
      {
        return RegistryConfiguration::Read(ParseJson(configuration)).directory;
      };
      ASSERT_EQ(setenv(VARIABLE, "key", 1), 0);
      EXPECT_EQ(read("{}").keyVariable, VARIABLE);
      EXPECT_EQ(read(R"({"Registry":{"SecretsKeyVariable":"OTHER"}})").keyVariable, "OTHER");
      EXPECT_EQ(read(R"({"Registry":{"SecretsKeyFile":"/key"}})").keyVariable, "");
      ASSERT_EQ(unsetenv(VARIABLE), 0);
      EXPECT_EQ(read("{}").keyVariable, "");
    }

    TEST(RegistryConfiguration, ReadsOptions)
    {
      const auto read = RegistryConfiguration::Read(
          ParseJson(R"({"ReadOnly":true,"Name":"here","ConcurrentJobs":0,"Registry":{"EnableJobs":false,
            "LeaseSeconds":30,"HeartbeatSeconds":2,"MaxAttempts":7}})"));
      EXPECT_FALSE(read.areJobsEnabled);
      EXPECT_TRUE(read.isReadOnly);
      EXPECT_EQ(read.name, "here");
      EXPECT_EQ(read.jobs.leaseSeconds, 30u);
      EXPECT_EQ(read.jobs.heartbeatMilliseconds, 2000u);
      EXPECT_EQ(read.jobs.maximumAttempts, 7u);
      EXPECT_GE(read.jobs.concurrentJobs, 1u);
    }

    TEST(RegistryConfiguration, ReadsRules)
    {
      const auto read = RegistryConfiguration::Read(ParseJson(
          R"({"HttpThreadsCount":8,"Registry":{"Retry":[{"Type":"DicomModalityStore","Destination":"PACS","Attempts":5,
            "DelaySeconds":2,"Factor":1.5,"MaximumDelaySeconds":30,"JitterPercent":0},{}],
            "Limits":[{"Destination":"PACS","Maximum":2}],"SubmitRoutes":["/dicom-web/servers/*/stow"],
            "MaximumBodySizeMB":1}})"));
      ASSERT_EQ(read.jobs.retries.size(), 2u);
      EXPECT_TRUE(read.jobs.retries[0].pattern.Matches("DicomModalityStore", "PACS"));
      EXPECT_FALSE(read.jobs.retries[0].pattern.Matches("DicomModalityStore", "OTHER"));
      EXPECT_FALSE(read.jobs.retries[0].pattern.Matches("DicomMoveScu", "PACS"));
      EXPECT_EQ(read.jobs.retries[0].attempts, 5u);
      EXPECT_EQ(read.jobs.retries[0].factor, 1.5);
      EXPECT_TRUE(read.jobs.retries[1].pattern.Matches("Anything", ""));
      ASSERT_EQ(read.jobs.limits.size(), 1u);
      EXPECT_EQ(read.jobs.limits[0].maximum, 2u);
      EXPECT_EQ(read.jobs.submitRoutes, std::vector<std::string>{"/dicom-web/servers/*/stow"});
      EXPECT_EQ(read.jobs.maximumBodySize, 1048576u);
      EXPECT_EQ(read.jobs.maximumWaiters, 2u); // one HTTP thread of four
    }

    TEST(RegistryConfiguration, NamesWhatIsWrongInRules)
    {
      EXPECT_NE(GetMessage(R"({"Registry":{"Limits":[{"Maximum":2},{"Maximum":0}]}})")
                    .find("Registry.Limits[1].Maximum"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"Limits":{}}})").find("Registry.Limits"), std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"Retry":[{"Factor":0.5}]}})").find("Registry.Retry[0].Factor"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"SubmitRoutes":["stow"]}})").find("stow"), std::string::npos);
    }

    TEST(RegistryConfiguration, NamesWhatIsWrong)
    {
      EXPECT_NE(GetMessage(R"({"Registry":{"MaxAttempts":101}})").find("Registry.MaxAttempts"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"EnableJobs":1}})").find("Registry.EnableJobs"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"HeartbeatSeconds":6}})").find("Registry.LeaseSeconds"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":[]})").find("Registry"), std::string::npos);
    }

    TEST(RegistryConfiguration, WarnsOfUnknownOptions)
    {
      const auto read = RegistryConfiguration::Read(
          ParseJson(R"({"Registry":{"LeaseSecond":15,"Retry":[{"Delay":2}],"Limits":[{"Max":2}]}})"));
      EXPECT_EQ(read.warnings,
                (std::vector<std::string>{
                    "Configuration: the unknown option \"Registry.Retry[0].Delay\" is ignored: did you mean "
                    "\"DelaySeconds\"?",
                    "Configuration: the unknown option \"Registry.Limits[0].Max\" is ignored: did you mean "
                    "\"Maximum\"?",
                    "Configuration: the unknown option \"Registry.LeaseSecond\" is ignored: did you mean "
                    "\"LeaseSeconds\"?"}));
      EXPECT_EQ(read.jobs.leaseSeconds, 15u);
      EXPECT_EQ(read.jobs.retries[0].delaySeconds, RetryRule().delaySeconds);
    }

    TEST(SQLiteConfiguration, FindsItsFile)
    {
      const auto getPath = [](const std::string& configuration)
      {
        return SQLiteConfiguration::Read(ParseJson(configuration)).parameters.path;
      };
      EXPECT_EQ(getPath("{}"), "OrthancStorage/index.sqlite");
      EXPECT_EQ(getPath(R"({"StorageDirectory":"/s"})"), "/s/index.sqlite");
      EXPECT_EQ(getPath(R"({"StorageDirectory":"/s","IndexDirectory":"/i"})"), "/i/index.sqlite");
      EXPECT_EQ(getPath(R"({"SQLite":{"Path":"/p"}})"), "/p");
    }

    TEST(SQLiteConfiguration, NamesWhatIsWrong)
    {
      EXPECT_FALSE(SQLiteConfiguration::Read(ParseJson("{}")).isIndexEnabled);
      EXPECT_TRUE(SQLiteConfiguration::Read(ParseJson(R"({"SQLite":{"EnableIndex":true}})")).isIndexEnabled);
      EXPECT_EQ(SQLiteConfiguration::Read(ParseJson(R"({"SQLite":{"Pth":"/p"}})")).warnings,
                std::vector<std::string>{"Configuration: the unknown option \"SQLite.Pth\" is ignored: did "
                                         "you mean \"Path\"?"});
      EXPECT_THROW(SQLiteConfiguration::Read(ParseJson(R"({"SQLite":{"MaximumReaders":0}})")), RegistryError);
    }
  }
}
