// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/TestCluster.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  class QueuedJobs : public ClusterTest
  {
  protected:
    static std::vector<std::string> GetUris(FakeCore& core)
    {
      std::vector<std::string> uris;
      for (const auto& submission : core.GetSubmissions())
      {
        uris.push_back(submission.uri);
      }
      return uris;
    }
  };

  TEST_P(QueuedJobs, SubmittedIsVisibleEverywhere)
  {
    TestReplica& a = AddReplica("a", false);
    TestReplica& b = AddReplica("b", false);
    NewJob job = MakeJob("/studies/1/modify", 7);
    job.type = "DicomModalityStore";
    job.destination = "PACS";
    job.userData["Key"] = "Valeur é";
    const std::string id = a.Submit(job);

    EXPECT_EQ(std::vector<std::string>{id}, b.GetIds());
    ASSERT_EQ(1u, b.GetAll().size());
    const Job read = b.Get().Get(id).value();
    EXPECT_EQ(id, read.id);
    EXPECT_EQ(1, read.revision);
    EXPECT_EQ("DicomModalityStore", read.type);
    EXPECT_EQ(JobState::Pending, read.state);
    EXPECT_EQ(JobOrigin::Queued, read.origin);
    EXPECT_EQ(7, read.priority);
    EXPECT_EQ("PACS", read.destination);
    EXPECT_EQ(job.userData, read.userData);
    EXPECT_EQ(Json::Value(Json::objectValue), read.content);
    EXPECT_TRUE(read.errorPayload.isNull());
    EXPECT_GT(read.created, 1700000000000000);
    EXPECT_FALSE(read.completed);
    EXPECT_EQ("", read.owner);
    EXPECT_FALSE(b.Get().IsOwn(read));
  }

  TEST_P(QueuedJobs, RunsToSuccessWithItsContent)
  {
    TestReplica& a = AddReplica("a", false);
    TestReplica& b = AddReplica("b");
    NewJob job = MakeJob("/studies/1/modify");
    job.request.body = std::string("{\"Text\":\"\xff\"}", 13);
    const std::string id = a.Submit(job);
    const std::string localId = b.GetCore().WaitForSubmission("/studies/1/modify");
    EXPECT_EQ(job.request.body, b.GetCore().GetSubmissions()[0].body);

    // The core has not begun yet: it is Running all the same
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.Get().Get(id)->localId == localId;
        }));
    Job read = a.Get().Get(id).value();
    EXPECT_EQ(JobState::Running, read.state);
    EXPECT_EQ("b", read.replica);
    EXPECT_EQ(1, read.attempts);
    EXPECT_TRUE(b.Get().IsOwn(read));

    b.GetCore().Change(localId,
                       [](CoreJob& core)
                       {
                         core.state = JobState::Running;
                         core.progress = 40;
                         core.content["Description"] = "Half";
                       });
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.Get().Get(id)->progress == 40;
        }));
    EXPECT_EQ("Half", a.Get().Get(id)->content["Description"].asString());

    b.GetCore().Change(localId,
                       [](CoreJob& core)
                       {
                         core.state = JobState::Success;
                         core.progress = 100;
                         core.runtimeMilliseconds = 1234;
                         core.content["ID"] = "result";
                       });
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    read = a.Get().Get(id).value();
    EXPECT_EQ(100, read.progress);
    EXPECT_EQ("result", read.content["ID"].asString());
    EXPECT_EQ(1234, read.runtimeMilliseconds);
    EXPECT_GE(read.completed.value(), read.created);

    // Its id at the core resolves, and is hidden from the lists
    EXPECT_EQ(id, a.Get().Get(localId)->id);
    EXPECT_EQ(std::vector<std::string>{id}, b.GetIds());
  }

  TEST_P(QueuedJobs, FailsWithDetailsAndPayload)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeJob("/fail"));
    a.GetCore().Change(a.GetCore().WaitForSubmission("/fail"),
                       [](CoreJob& core)
                       {
                         core.state = JobState::Failure;
                         core.errorCode = 9;
                         core.errorDetails = "No such \xff host";
                         core.errorPayload["Type"] = "Dimse";
                       });
    ASSERT_TRUE(a.WaitForState(id, JobState::Failure));
    const Job read = a.Get().Get(id).value();
    EXPECT_EQ(9, read.errorCode);
    EXPECT_EQ("No such ? host", read.errorDetails);
    EXPECT_EQ("Dimse", read.errorPayload["Type"].asString());
    EXPECT_TRUE(read.completed);
  }

  TEST_P(QueuedJobs, CancelledAtTheCoreEndsAsCancelled)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeJob("/cancel"));
    a.GetCore().CancelJob(a.GetCore().WaitForSubmission("/cancel"));
    ASSERT_TRUE(a.WaitForState(id, JobState::Failure));
    EXPECT_EQ(static_cast<int>(ErrorCode::CanceledJob), a.Get().Get(id)->errorCode);
  }

  TEST_P(QueuedJobs, PausedAtTheCoreIsPaused)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeJob("/pause"));
    const std::string localId = a.GetCore().WaitForSubmission("/pause");
    a.GetCore().Change(localId,
                       [](CoreJob& core)
                       {
                         core.state = JobState::Paused;
                       });
    ASSERT_TRUE(a.WaitForState(id, JobState::Paused));
    a.GetCore().RunByItself();
    a.GetCore().Change(localId,
                       [](CoreJob& core)
                       {
                         core.state = JobState::Running;
                       });
    EXPECT_TRUE(a.WaitForState(id, JobState::Success));
  }

  TEST_P(QueuedJobs, RefusedByTheCore)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().Refuse("/refused", ErrorCode::UnknownResource, "There is no such study");
    const std::string id = a.Submit(MakeJob("/refused"));
    ASSERT_TRUE(a.WaitForState(id, JobState::Failure));
    const Job read = a.Get().Get(id).value();
    EXPECT_EQ(static_cast<int>(ErrorCode::UnknownResource), read.errorCode);
    EXPECT_EQ("There is no such study", read.errorDetails);
    EXPECT_EQ("", read.localId);

    // The slot is free again
    a.GetCore().RunByItself();
    EXPECT_TRUE(a.WaitForState(a.Submit(MakeJob("/next")), JobState::Success));
  }

  TEST_P(QueuedJobs, LostByTheCore)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeJob("/lost"));
    a.GetCore().Forget(a.GetCore().WaitForSubmission("/lost"));
    ASSERT_TRUE(a.WaitForState(id, JobState::Failure));
    EXPECT_THAT(a.Get().Get(id)->errorDetails, testing::HasSubstr("Lost by the core"));
  }

  TEST_P(QueuedJobs, ForgottenByTheCoreAfterItsEnd)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeJob("/quick"));
    const std::string localId = a.GetCore().WaitForSubmission("/quick");
    a.GetCore().Change(localId,
                       [](CoreJob& core)
                       {
                         core.content["ID"] = "seen";
                       });
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.Get().Get(id)->content["ID"] == "seen";
        }));
    a.Get().OnCoreJobEvent(CoreJobEvent::Success, localId);
    a.GetCore().Forget(localId);
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    EXPECT_EQ("seen", a.Get().Get(id)->content["ID"].asString());
    EXPECT_EQ(100, a.Get().Get(id)->progress);
  }

  TEST_P(QueuedJobs, PriorityThenFirstInFirstOut)
  {
    configuration_.concurrentJobs = 1;
    TestReplica& a = AddReplica("a", false);
    for (const auto& [uri, priority] : std::vector<std::pair<std::string, int>>{
             {"/low1", -5}, {"/normal1", 0}, {"/high", 10}, {"/normal2", 0}, {"/low2", -5}, {"/normal3", 0}})
    {
      a.Submit(MakeJob(uri, priority));
    }
    a.GetCore().RunByItself();
    a.Get().Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().GetSubmissions().size() == 6;
        }));
    EXPECT_THAT(GetUris(a.GetCore()),
                testing::ElementsAre("/high", "/normal1", "/normal2", "/normal3", "/low1", "/low2"));
  }

  TEST_P(QueuedJobs, NotMoreThanTheSlots)
  {
    TestReplica& a = AddReplica("a", false);
    const std::string local = a.GetCore().StartJob("Archive");
    a.GetCore().Change(local,
                       [](CoreJob& core)
                       {
                         core.state = JobState::Running;
                       });
    a.Get().Start();
    for (int i = 0; i < 5; i++)
    {
      a.Submit(MakeJob("/" + std::to_string(i)));
    }
    a.GetCore().WaitForSubmission("/0");
    const size_t listings = a.GetCore().CountListings();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().CountListings() > listings + 5;
        }));
    EXPECT_EQ(1u, a.GetCore().GetSubmissions().size());

    // Its own job makes place for another one
    a.GetCore().Change(local,
                       [](CoreJob& core)
                       {
                         core.state = JobState::Success;
                       });
    a.GetCore().WaitForSubmission("/1");
    EXPECT_EQ(2u, a.GetCore().GetSubmissions().size());
  }

  TEST_P(QueuedJobs, SlowSubmissionDoesNotBlockOthers)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().HoldBack("/slow");
    const std::string slow = a.Submit(MakeJob("/slow"));
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().CountHeldBack() == 1;
        }));
    a.GetCore().RunByItself();
    const std::string fast = a.Submit(MakeJob("/fast"));
    EXPECT_TRUE(a.WaitForState(fast, JobState::Success));

    // The job of the slow one is listed by the core already, and has ended: it is not taken for a local one
    EXPECT_EQ(2u, a.GetIds().size());
    a.GetCore().Release();
    EXPECT_TRUE(a.WaitForState(slow, JobState::Success));
    EXPECT_EQ(2u, a.GetIds().size());
  }

  TEST_P(QueuedJobs, BurstIsSharedAndRunOnce)
  {
    for (const char* name : {"a", "b", "c"})
    {
      AddReplica(name);
    }
    std::set<std::string> expected;
    for (int i = 0; i < 60; i++)
    {
      const std::string uri = "/burst/" + std::to_string(i);
      expected.insert(uri);
      replicas_[static_cast<size_t>(i % 3)]->Submit(MakeJob(uri));
    }
    // Nothing ends before each replica has filled its slots: none of them can be left out by chance.
    for (const auto& replica : replicas_)
    {
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return replica->GetCore().GetSubmissions().size() == configuration_.concurrentJobs;
          }))
          << replica->GetIdentity().serverIdentifier;
    }
    for (const auto& replica : replicas_)
    {
      replica->GetCore().RunByItself();
    }
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 2") == 60;
        }));
    std::multiset<std::string> submitted;
    for (const auto& replica : replicas_)
    {
      const auto uris = GetUris(replica->GetCore());
      submitted.insert(uris.begin(), uris.end());
      EXPECT_EQ(60u, replica->GetAll().size());
    }
    EXPECT_EQ(std::multiset<std::string>(expected.begin(), expected.end()), submitted);
    EXPECT_EQ(60, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobRuns"));
  }

  TEST_P(QueuedJobs, StartAndStopUnderLoad)
  {
    TestReplica& keeper = AddReplica("keeper", false);
    constexpr int ROUNDS = 15;
    for (int i = 0; i < ROUNDS; i++)
    {
      keeper.Submit(MakeJob("/stress/" + std::to_string(i)));
      TestReplica replica(*database_, "stress", configuration_);
      replica.GetCore().RunByItself();
      replica.Get().Start();
      replica.Get().Stop();
    }
    keeper.GetCore().RunByItself();
    keeper.Get().Start();
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 2") == ROUNDS;
        }));
  }

  TEST_P(QueuedJobs, IdleReplicaCostsOneStatementPerHeartbeat)
  {
    configuration_.heartbeatMilliseconds = 200;
    TestReplica& a = AddReplica("a");
    ASSERT_TRUE(a.WaitForState(a.Submit(MakeJob("/warm-up")), JobState::Running));
    a.GetCore().RunByItself();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 2") == 1;
        }));
    const size_t listings = a.GetCore().CountListings();
    const size_t before = a.GetDatabase().CountUses();
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetDatabase().CountUses() >= before + 7; // the last claim may have been under way
        }));
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1000));
    EXPECT_LE(a.GetCore().CountListings() - listings, 5u);
  }

  CONFORMANCE_SUITE(QueuedJobs);
}
