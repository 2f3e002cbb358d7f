// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/BulkActions.h"

#include "Framework/Common/Errors.h"
#include "UnitTests/Jobs/TestJobs.h"
#include "UnitTests/TestDatabases.h"

#include <set>

namespace OrthancRegistry::Testing
{
  namespace
  {
    int GetRefusal(const std::string& body)
    {
      try
      {
        ParseBulkFilter(body);
        return 0;
      }
      catch (const RegistryError& error)
      {
        return static_cast<int>(error.GetCode());
      }
    }

    bool Never()
    {
      return false;
    }
  }

  TEST(JobBulkFilter, Parsed)
  {
    const JobFilter filter =
        ParseBulkFilter(R"({"State": ["Pending", "Paused"], "type": "Media", "Since": "20260101T000000"})");
    EXPECT_EQ((std::vector{JobState::Pending, JobState::Paused}), filter.states);
    EXPECT_EQ(std::vector<std::string>{"Media"}, filter.types);
    EXPECT_TRUE(filter.since);
    // A list is not split at commas
    EXPECT_EQ(std::vector<std::string>{"a,b"}, ParseBulkFilter(R"({"Destination": ["a,b"]})").destinations);
    EXPECT_TRUE(ParseBulkFilter(R"({"All": true})").IsEmpty());
    EXPECT_FALSE(ParseBulkFilter(R"({"All": false, "Type": "Media"})").IsEmpty());
  }

  TEST(JobBulkFilter, Refused)
  {
    for (const char* body : {"", "[]", "{}", "x", R"({"All": false})", R"({"All": "true"})", R"({"All": 1})",
                             R"({"State": []})", R"({"State": [1]})", R"({"State": {}})", R"({"Type": null})",
                             R"({"All": true, "Type": "Media"})", R"({"Type": "a", "type": "b"})"})
    {
      EXPECT_EQ(static_cast<int>(ErrorCode::BadRequest), GetRefusal(body)) << body;
    }
    for (const char* body : {R"({"State": "Done"})", R"({"Limit": "5"})", R"({"Since": ["a", "b"]})"})
    {
      EXPECT_EQ(static_cast<int>(ErrorCode::ParameterOutOfRange), GetRefusal(body)) << body;
    }
    EXPECT_NE(0, GetRefusal(R"({"Type": ")" + std::string(70000, 'x') + R"("})"));
  }

  class JobBulkActions : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Jobs");
      reader_ = std::make_unique<JobReader>(GetDatabase());
    }

    std::unique_ptr<JobReader> reader_;
  };

  TEST_P(JobBulkActions, EachMatchOnceInTheOrderOfCreation)
  {
    TestJob paused;
    paused.state = JobState::Paused;
    const auto ids = InsertJobs(GetDatabase(), std::vector<TestJob>(2050, paused));
    InsertJobs(GetDatabase(), std::vector<TestJob>(10));
    std::vector<std::string> seen;
    // What the action changes does not match any more
    const auto actor = [&](const std::string& id)
    {
      if (seen.empty())
      {
        Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
        transaction.Execute("UPDATE SharedJobs SET state = 0");
        transaction.Commit();
      }
      seen.push_back(id);
      switch (seen.size() % 4)
      {
      case 0:
        return BulkOutcome::Refused;
      case 1:
        throw RegistryError(ErrorCode::Timeout, "No answer");
      default:
        return BulkOutcome::Changed;
      }
    };
    const BulkResult result = ApplyToMany(*reader_, ParseBulkFilter(R"({"State": "Paused"})"), actor, Never);
    EXPECT_EQ(ids, seen);
    EXPECT_EQ(2050, result.Format()["Matched"].asInt());
    EXPECT_EQ(1025, result.Format()["Changed"].asInt());
    EXPECT_EQ(512, result.Format()["Refused"].asInt());
    EXPECT_EQ(513, result.Format()["Failed"].asInt());
    EXPECT_EQ(2060u, ApplyToMany(
                         *reader_, ParseBulkFilter(R"({"All": true})"),
                         [](const std::string&)
                         {
                           return BulkOutcome::Changed;
                         },
                         Never)
                         .changed);
  }

  TEST_P(JobBulkActions, StopsWhenTheReplicaStops)
  {
    InsertJobs(GetDatabase(), std::vector<TestJob>(5));
    int count = 0;
    EXPECT_THROW(ApplyToMany(
                     *reader_, {},
                     [&](const std::string&)
                     {
                       count++;
                       return BulkOutcome::Changed;
                     },
                     [&]
                     {
                       return count == 2;
                     }),
                 RegistryError);
    EXPECT_EQ(2, count);
  }

  CONFORMANCE_SUITE(JobBulkActions);
}
