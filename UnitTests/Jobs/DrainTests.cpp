// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/TestCluster.h"

#include <future>

namespace OrthancRegistry::Testing
{
  class Drain : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      configuration_.drainSeconds = 60;
    }

    static std::future<void> StopLater(TestReplica& replica)
    {
      return std::async(std::launch::async,
                        [&]
                        {
                          replica.Get().Stop();
                        });
    }

    static bool IsOver(const std::future<void>& future)
    {
      return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    bool WaitUntilDraining()
    {
      return WaitUntil(
          [&]
          {
            return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas WHERE draining = 1") == 1;
          });
    }
  };

  TEST_P(Drain, HandsBackAtOnceWaitsForLocalJobsAndAnswersTheirCallers)
  {
    TestReplica& leaving = AddReplica("leaving");
    const std::string queued = leaving.Submit(MakeJob("/queued"));
    leaving.GetCore().WaitForSubmission("/queued");
    auto answer = std::async(std::launch::async,
                             [&]
                             {
                               return leaving.Get().RunLocally("/local", "{}");
                             });
    const std::string local = leaving.GetCore().WaitForSubmission("/local");
    ASSERT_TRUE(leaving.WaitForState(local, JobState::Pending));

    TestReplica& other = AddReplica("other");
    auto stop = StopLater(leaving);
    ASSERT_TRUE(WaitUntilDraining());
    const std::string elsewhere = other.GetCore().WaitForSubmission("/queued");
    EXPECT_EQ(1, other.Get().Get(queued)->attempts);
    EXPECT_FALSE(IsOver(stop));

    // Nothing is claimed any more, but the heart beats on, and the local job is followed
    const std::string next = leaving.Submit(MakeJob("/next"));
    const auto getBeat = [&]
    {
      return QueryValue<int64_t>("SELECT heartbeatAt FROM SharedReplicas WHERE draining = 1");
    };
    const int64_t beat = getBeat();
    leaving.GetCore().Change(local,
                             [](CoreJob& job)
                             {
                               job.state = JobState::Running;
                             });
    ASSERT_TRUE(other.WaitForState(local, JobState::Running));
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return getBeat() > beat;
        }));
    EXPECT_FALSE(IsOver(stop));
    leaving.GetCore().Change(local,
                             [](CoreJob& job)
                             {
                               job.state = JobState::Success;
                               job.content["Size"] = 42;
                             });
    EXPECT_EQ(42, answer.get().content["Size"].asInt());
    stop.get();
    EXPECT_EQ(JobState::Success, other.Get().Get(local)->state);
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));
    other.GetCore().RunByItself();
    EXPECT_TRUE(other.WaitForState(queued, JobState::Success));
    EXPECT_TRUE(other.WaitForState(next, JobState::Success));
    EXPECT_EQ(2u, leaving.GetCore().GetSubmissions().size());
  }

  TEST_P(Drain, LastStepOfARunIsAwaited)
  {
    TestReplica& leaving = AddReplica("leaving");
    const std::string id = leaving.Submit(MakeJob("/ends"));
    const std::string localId = leaving.GetCore().WaitForSubmission("/ends");
    ASSERT_TRUE(leaving.WaitForState(id, JobState::Running));
    leaving.GetCore().EndInSpiteOfCancel(localId);
    leaving.Get().Stop();
    TestReplica& other = AddReplica("other", false);
    EXPECT_EQ(JobState::Success, other.Get().Get(id)->state);
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas WHERE name = 'Name of leaving'"));
  }

  TEST_P(Drain, EndsAtTheLimit)
  {
    configuration_.drainSeconds = 1;
    TestReplica& leaving = AddReplica("leaving");
    const std::string local = leaving.GetCore().StartJob("Archive");
    const std::string paused = leaving.GetCore().StartJob("Archive");
    leaving.GetCore().Change(paused,
                             [](CoreJob& job)
                             {
                               job.state = JobState::Paused;
                             });
    ASSERT_TRUE(leaving.WaitForState(local, JobState::Pending));
    const auto start = std::chrono::steady_clock::now();
    leaving.Get().Stop();
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    EXPECT_EQ(JobState::Pending, leaving.Get().Get(local)->state);

    TestReplica& other = AddReplica("other");
    other.Get();
    EXPECT_TRUE(other.WaitForState(local, JobState::Failure)); // after the lease and the grace
  }

  TEST_P(Drain, PausedLocalJobIsNotWaitedFor)
  {
    TestReplica& leaving = AddReplica("leaving");
    leaving.GetCore().Change(leaving.GetCore().StartJob("Archive"),
                             [](CoreJob& job)
                             {
                               job.state = JobState::Paused;
                             });
    const auto start = std::chrono::steady_clock::now();
    leaving.Get().Stop();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  }

  TEST_P(Drain, RollingRestartUnderLoadLosesAndRepeatsNothing)
  {
    constexpr size_t REPLICAS = 3;
    for (size_t i = 0; i < REPLICAS; i++)
    {
      AddReplica("replica" + std::to_string(i)).GetCore().RunByItself();
    }
    TestReplica& client = AddReplica("client", false);
    std::atomic<bool> isOver = false;
    auto submitted = std::async(std::launch::async,
                                [&]
                                {
                                  std::vector<std::string> ids;
                                  while (!isOver || ids.size() < 100)
                                  {
                                    const std::string uri = "/rolling/" + std::to_string(ids.size());
                                    ids.push_back(client.Submit(MakeJob(uri)));
                                  }
                                  return ids;
                                });
    for (size_t i = 0; i < REPLICAS; i++)
    {
      replicas_[i]->GetCore().WaitForSubmissions(3);
      replicas_[i]->Get().Stop();
      AddReplica("replica" + std::to_string(i)).GetCore().RunByItself();
    }
    replicas_.back()->GetCore().WaitForSubmissions(3);
    isOver = true;
    const auto ids = submitted.get();
    const auto countSuccess = [&]
    {
      return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 2 AND attempts = 1");
    };
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return countSuccess() == static_cast<int64_t>(ids.size());
        },
        std::chrono::seconds(60)));
    std::multiset<std::string> done;
    for (const auto& replica : replicas_)
    {
      for (const auto& submission : replica->GetCore().GetSubmissions())
      {
        if (replica->GetCore().GetJob(submission.id)->state == JobState::Success)
        {
          done.insert(submission.uri);
        }
      }
    }
    EXPECT_EQ(ids.size(), done.size());
    EXPECT_EQ(ids.size(), std::set<std::string>(done.begin(), done.end()).size());
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT SUM(crashes) FROM SharedJobs"));
  }

  CONFORMANCE_SUITE(Drain);
}
