// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/FlowFixture.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  using testing::IsEmpty;

  class AutomaticRetry : public FlowTest
  {
  protected:
    void SetUp() override
    {
      FlowTest::SetUp();
      configuration_.retries = {{{"Store", ""}, 3, 60, 2, 3600, 0}};
    }

    Timestamp GetNow()
    {
      return QueryValue<int64_t>("SELECT SharedNow()");
    }

    void MakeDue(Stores& stores)
    {
      Execute("UPDATE SharedJobs SET notBefore = 1 WHERE notBefore IS NOT NULL");
      stores.putOff.PromoteDue();
    }
  };

  TEST_P(AutomaticRetry, UntilTheAttemptsAreUsedUp)
  {
    Stores a = MakeStores();
    const std::string id = a.jobs.Submit(MakeJobOf("Store", "PACS", "/x"));
    Timestamp delay = 60000000;
    for (int run = 1; run < 3; run++, delay *= 2)
    {
      const ClaimedJob job = a.claims.Claim(1).jobs.at(0);
      EXPECT_EQ(run, job.attempt);
      EXPECT_EQ(run - 1, job.retries);
      const Timestamp before = GetNow();
      EXPECT_TRUE(a.Write(job, JobState::Failure, ErrorCode::NetworkProtocol));
      const Job read = a.reader.Get(id).value();
      EXPECT_EQ(JobState::Retry, read.state);
      EXPECT_EQ("", read.owner);
      EXPECT_EQ("", read.replica);
      EXPECT_EQ("", read.localId);
      EXPECT_EQ(run, read.attempts);
      EXPECT_EQ(run, read.retries);
      EXPECT_EQ(0, read.progress);
      EXPECT_FALSE(read.completed);
      ASSERT_TRUE(read.notBefore);
      EXPECT_GE(*read.notBefore, before + delay);
      EXPECT_LE(*read.notBefore, GetNow() + delay);

      // What the failed run has told
      EXPECT_EQ(static_cast<int>(ErrorCode::NetworkProtocol), read.errorCode);
      EXPECT_EQ("Details", read.errorDetails);
      EXPECT_EQ(run, read.content["Run"].asInt());
      EXPECT_EQ(id, a.reader.Get(job.id + "-" + std::to_string(job.fence))->id);

      EXPECT_FALSE(a.Write(job, JobState::Failure, ErrorCode::Timeout)); // once only
      EXPECT_EQ(static_cast<int>(ErrorCode::NetworkProtocol), a.reader.Get(id)->errorCode);
      EXPECT_THAT(a.Claim(1), IsEmpty());
      MakeDue(a);
      EXPECT_EQ(JobState::Pending, a.reader.Get(id)->state);
    }
    EXPECT_TRUE(a.Write(a.claims.Claim(1).jobs.at(0), JobState::Failure, ErrorCode::Timeout));
    const Job read = a.reader.Get(id).value();
    EXPECT_EQ(JobState::Failure, read.state);
    EXPECT_TRUE(read.completed);
    EXPECT_EQ(3, read.attempts);
    EXPECT_EQ(2, read.retries);
    EXPECT_EQ(3, read.content["Run"].asInt());
  }

  TEST_P(AutomaticRetry, NotForOthers)
  {
    Stores a = MakeStores();
    const auto getEnd = [&](const std::string& type, JobState state, ErrorCode code)
    {
      const std::string id = a.jobs.Submit(MakeJobOf(type, "", "/x"));
      EXPECT_TRUE(a.Write(a.claims.Claim(1).jobs.at(0), state, code));
      return a.reader.Get(id)->state;
    };
    EXPECT_EQ(JobState::Failure, getEnd("Move", JobState::Failure, ErrorCode::NetworkProtocol));
    EXPECT_EQ(JobState::Failure, getEnd("Store", JobState::Failure, ErrorCode::CanceledJob));
    EXPECT_EQ(JobState::Success, getEnd("Store", JobState::Success, ErrorCode::Success));
    EXPECT_EQ(JobState::Retry, getEnd("Store", JobState::Failure, ErrorCode::InternalError));
  }

  TEST_P(AutomaticRetry, LateOwnerChangesNothing)
  {
    Stores a = MakeStores();
    const std::string id = a.jobs.Submit(MakeJobOf("Store", "", "/x"));
    const ClaimedJob lost = a.claims.Claim(1).jobs.at(0);
    Execute("UPDATE SharedJobs SET state = 4, owner = NULL, replica = NULL, localId = NULL, notBefore = 7");
    const Job before = a.reader.Get(id).value();
    EXPECT_FALSE(a.Write(lost, JobState::Failure, ErrorCode::Timeout));
    EXPECT_EQ(before.revision, a.reader.Get(id)->revision);
    EXPECT_EQ("", a.reader.Get(id)->errorDetails);
    EXPECT_EQ(0, a.reader.Get(id)->retries);
  }

  TEST_P(AutomaticRetry, RequestedActions)
  {
    Stores a = MakeStores();
    const std::string cancelled = a.jobs.Submit(MakeJobOf("Store", "", "/cancelled"));
    const std::string paused = a.jobs.Submit(MakeJobOf("Store", "", "/paused"));
    const auto jobs = a.claims.Claim(2).jobs;
    Execute("UPDATE SharedJobs SET requestedAction = CASE WHEN id = $1 THEN 0 ELSE 1 END,"
            " requestedRevision = revision",
            cancelled);
    EXPECT_TRUE(a.Write(jobs.at(0), JobState::Failure, ErrorCode::Timeout));
    EXPECT_EQ(JobState::Failure, a.reader.Get(cancelled)->state);
    EXPECT_TRUE(a.Write(jobs.at(1), JobState::Failure, ErrorCode::Timeout));
    const Job read = a.reader.Get(paused).value();
    EXPECT_EQ(JobState::Paused, read.state);
    EXPECT_TRUE(read.notBefore);
    EXPECT_FALSE(read.requestedAction);
    EXPECT_EQ(2, read.answeredRevision);
  }

  TEST_P(AutomaticRetry, RefusedByTheCoreThenAccepted)
  {
    configuration_.retries[0].delaySeconds = 1;
    TestReplica& a = AddReplica("a");
    a.GetCore().Refuse("/x", ErrorCode::UnknownResource, "Not yet");
    const std::string id = a.Submit(MakeJobOf("Store", "", "/x"));
    ASSERT_TRUE(a.WaitForState(id, JobState::Retry));
    EXPECT_EQ("Not yet", a.Get().Get(id)->errorDetails);
    a.GetCore().Accept("/x");
    a.GetCore().RunByItself();
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    const Job read = a.Get().Get(id).value();
    EXPECT_EQ(2, read.attempts);
    EXPECT_EQ(1, read.retries);
    EXPECT_EQ(0, read.errorCode);
    EXPECT_EQ("", read.errorDetails);
  }

  CONFORMANCE_SUITE(AutomaticRetry);
}
