// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/FlowFixture.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  using testing::ElementsAre;
  using testing::IsEmpty;

  class PutOffJobs : public FlowTest
  {
  protected:
    static NewJob MakeLater(const std::string& uri, double seconds)
    {
      NewJob job = MakeJob(uri);
      job.schedule.delayMicroseconds = static_cast<int64_t>(seconds * 1e6);
      return job;
    }
  };

  TEST_P(PutOffJobs, ClaimableOnceItsTimeHasCome)
  {
    Stores a = MakeStores();
    const std::string later = a.jobs.Submit(MakeLater("/later", 3600));
    const Job read = a.reader.Get(later).value();
    EXPECT_EQ(JobState::Pending, read.state);
    EXPECT_EQ(read.created + 3600000000, read.notBefore);
    const HeartbeatAnswer beat = a.registry.Beat(0);
    EXPECT_FALSE(beat.isWorkWaiting);
    ASSERT_TRUE(beat.untilDue);
    EXPECT_GT(*beat.untilDue, std::chrono::seconds(3500));
    EXPECT_LE(*beat.untilDue, std::chrono::seconds(3600));
    EXPECT_THAT(a.Claim(10), IsEmpty());
    ASSERT_GT(a.putOff.PromoteDue().value(), std::chrono::seconds(3500));
    EXPECT_THAT(a.Claim(10), IsEmpty());

    Execute("UPDATE SharedJobs SET notBefore = SharedNow() - 1");
    EXPECT_LE(a.registry.Beat(0).untilDue.value(), std::chrono::seconds(0));
    EXPECT_FALSE(a.putOff.PromoteDue());
    EXPECT_FALSE(a.registry.Beat(0).untilDue);
    EXPECT_TRUE(a.registry.Beat(0).isWorkWaiting);
    EXPECT_FALSE(a.reader.Get(later)->notBefore);
    EXPECT_EQ(read.revision + 1, a.reader.Get(later)->revision);
    EXPECT_THAT(a.Claim(10), ElementsAre("/later"));
  }

  TEST_P(PutOffJobs, Moment)
  {
    Stores a = MakeStores();
    const auto now = QueryValue<int64_t>("SELECT SharedNow()");
    NewJob job = MakeJob("/past");
    job.schedule.notBefore = now - 1;
    EXPECT_FALSE(a.reader.Get(a.jobs.Submit(job))->notBefore);
    job.request.uri = "/future";
    job.schedule.notBefore = now + 3600000000;
    EXPECT_EQ(now + 3600000000, a.reader.Get(a.jobs.Submit(job))->notBefore);
    EXPECT_THAT(a.Claim(10), ElementsAre("/past"));
  }

  TEST_P(PutOffJobs, PromotedInBatchesInTheirOrder)
  {
    Stores a = MakeStores();
    std::vector<std::string> expected;
    for (int i = 0; i < 1001; i++)
    {
      a.jobs.Submit(MakeLater("/" + std::to_string(i), 3600));
    }
    EXPECT_EQ(1001, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE notBefore IS NOT NULL"));
    Execute("UPDATE SharedJobs SET notBefore = 1");
    EXPECT_FALSE(a.putOff.PromoteDue());
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE notBefore IS NOT NULL"));
    EXPECT_THAT(a.Claim(3), ElementsAre("/0", "/1", "/2"));
  }

  TEST_P(PutOffJobs, PausedOneKeepsItsTimeAndRetryWaitsNoLonger)
  {
    Stores a = MakeStores();
    const std::string paused = a.jobs.Submit(MakeLater("/paused", 3600));
    const std::string retry = a.jobs.Submit(MakeLater("/retry", 3600));
    Execute("UPDATE SharedJobs SET notBefore = 5, state = CASE WHEN id = $1 THEN 4 ELSE 5 END", paused);
    EXPECT_FALSE(a.putOff.PromoteDue());
    EXPECT_EQ(JobState::Paused, a.reader.Get(paused)->state);
    EXPECT_EQ(5, a.reader.Get(paused)->notBefore);
    EXPECT_EQ(JobState::Pending, a.reader.Get(retry)->state);
    EXPECT_FALSE(a.reader.Get(retry)->notBefore);
    EXPECT_FALSE(a.registry.Beat(0).untilDue);
  }

  TEST_P(PutOffJobs, RunsSoonAfterItsTime)
  {
    configuration_.leaseSeconds = 30;
    configuration_.heartbeatMilliseconds = 1500; // the second one tells the time, the third one is late
    TestReplica& a = AddReplica("a");
    a.GetCore().RunByItself();
    const std::string id = a.Submit(MakeLater("/later", 1.8));
    const Timestamp due = a.Get().Get(id)->notBefore.value();
    a.GetCore().WaitForSubmission("/later");
    const auto now = QueryValue<int64_t>("SELECT SharedNow()");
    EXPECT_GE(now, due);
    EXPECT_LT(now, due + 900000); // sooner than with the next heartbeat
    EXPECT_TRUE(a.WaitForState(id, JobState::Success));
  }

  CONFORMANCE_SUITE(PutOffJobs);
}
