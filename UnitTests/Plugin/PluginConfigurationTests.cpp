// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Plugin/RegistryConfiguration.h"
#include "SQLite/SQLiteConfiguration.h"

#include <gtest/gtest.h>

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

    TEST(RegistryConfiguration, NamesWhatIsWrong)
    {
      EXPECT_NE(GetMessage(R"({"Registry":{"LeaseSecond":15}})").find("Registry.LeaseSecond"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"MaxAttempts":101}})").find("Registry.MaxAttempts"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"EnableJobs":1}})").find("Registry.EnableJobs"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":{"HeartbeatSeconds":6}})").find("Registry.LeaseSeconds"),
                std::string::npos);
      EXPECT_NE(GetMessage(R"({"Registry":[]})").find("Registry"), std::string::npos);
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
      EXPECT_THROW(SQLiteConfiguration::Read(ParseJson(R"({"SQLite":{"Pth":"/p"}})")), RegistryError);
      EXPECT_THROW(SQLiteConfiguration::Read(ParseJson(R"({"SQLite":{"MaximumReaders":0}})")), RegistryError);
    }
  }
}
