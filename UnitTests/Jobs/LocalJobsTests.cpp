// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/TestCluster.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Uuid.h"

#include <future>

namespace OrthancRegistry::Testing
{
  class LocalJobs : public ClusterTest
  {
  protected:
    static void End(FakeCore& core, const std::string& id, JobState state)
    {
      core.Change(id,
                  [state](CoreJob& job)
                  {
                    job.state = state;
                    job.content["Size"] = 42;
                  });
    }
  };

  TEST_P(LocalJobs, VisibleAtOnceOnTheOwnReplica)
  {
    TestReplica& a = AddReplica("a");
    const std::string first = a.GetCore().StartJob("Archive");
    EXPECT_EQ(std::vector<std::string>{first}, a.GetIds());
    const std::string second = a.GetCore().StartJob("Media");
    EXPECT_EQ(2u, a.GetAll().size());
    const std::string third = a.GetCore().StartJob("Archive");
    const Job job = a.Get().Get(third).value();
    EXPECT_EQ(JobOrigin::Local, job.origin);
    EXPECT_EQ("Archive", job.type);
    EXPECT_EQ("a", job.replica);
    EXPECT_EQ(third, job.localId);
    EXPECT_EQ(1, job.attempts);
    EXPECT_TRUE(a.Get().IsOwn(job));
    EXPECT_EQ("Media", a.Get().Get(second)->type);
  }

  TEST_P(LocalJobs, VisibleElsewhereWhenAskedFor)
  {
    // The answer of the other replica must be waited for, not the end of a time
    configuration_.lookupMilliseconds = 9000;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b");
    a.GetIds();
    const std::string id = a.GetCore().StartJob("Archive");
    const auto start = std::chrono::steady_clock::now();
    const auto job = b.Get().Get(id);
    ASSERT_TRUE(job);
    EXPECT_FALSE(b.Get().IsOwn(*job));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(5000));
  }

  TEST_P(LocalJobs, UnknownIdIsAnsweredAfterTheLookup)
  {
    TestReplica& a = AddReplica("a");
    AddReplica("b");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(a.Get().Get(GenerateUuid()));
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(200));
    EXPECT_FALSE(a.Get().Get("nonsense"));
  }

  TEST_P(LocalJobs, EventMakesItVisibleElsewhere)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = a.GetCore().StartJob("Archive");
    const auto start = std::chrono::steady_clock::now();
    a.Get().OnCoreJobEvent(CoreJobEvent::Submitted, id);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return !b.GetIds().empty();
        }));
    RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                        std::chrono::steady_clock::now() - start)
                                                        .count()));
  }

  TEST_P(LocalJobs, FollowedToItsEndAndResubmitted)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b");
    const std::string id = a.GetCore().StartJob("Archive");
    ASSERT_TRUE(a.WaitForState(id, JobState::Pending));
    for (const JobState state : {JobState::Running, JobState::Paused, JobState::Retry, JobState::Failure,
                                 JobState::Pending, JobState::Running, JobState::Success})
    {
      End(a.GetCore(), id, state);
      ASSERT_TRUE(b.WaitForState(id, state)) << GetName(state);
      EXPECT_EQ(IsEnded(state), b.Get().Get(id)->completed.has_value()) << GetName(state);
    }
    const Job job = b.Get().Get(id).value();
    EXPECT_EQ(42, job.content["Size"].asInt());
    EXPECT_GE(job.revision, 7);

    // The core forgets it, the registry does not
    a.GetCore().Forget(id);
    a.GetIds();
    a.GetIds();
    EXPECT_EQ(JobState::Success, b.Get().Get(id)->state);
  }

  TEST_P(LocalJobs, LostByTheCore)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.GetCore().StartJob("Archive");
    ASSERT_TRUE(a.WaitForState(id, JobState::Pending));
    a.GetCore().Forget(id);
    EXPECT_TRUE(a.WaitForState(id, JobState::Failure));
  }

  TEST_P(LocalJobs, RunLocallyWaitsForTheEnd)
  {
    TestReplica& a = AddReplica("a");
    auto answer = std::async(std::launch::async,
                             [&]
                             {
                               return a.Get().RunLocally("/studies/1/modify", "{}");
                             });
    const std::string id = a.GetCore().WaitForSubmission("/studies/1/modify");
    ASSERT_TRUE(a.WaitForState(id, JobState::Pending));
    EXPECT_EQ(JobOrigin::Local, a.Get().Get(id)->origin);
    EXPECT_EQ(std::future_status::timeout, answer.wait_for(std::chrono::milliseconds(0)));
    End(a.GetCore(), id, JobState::Success);
    const CoreJob job = answer.get();
    EXPECT_EQ(id, job.id);
    EXPECT_EQ(42, job.content["Size"].asInt());
    EXPECT_EQ(JobState::Success, a.Get().Get(id)->state);
  }

  TEST_P(LocalJobs, RunLocallyRefusedForgottenOrStopped)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().Refuse("/refused", ErrorCode::UnknownResource, "No");
    EXPECT_THROW(a.Get().RunLocally("/refused", "{}"), RegistryError);
    auto forgotten = std::async(std::launch::async,
                                [&]
                                {
                                  return a.Get().RunLocally("/forgotten", "{}");
                                });
    a.GetCore().Forget(a.GetCore().WaitForSubmission("/forgotten"));
    EXPECT_THROW(forgotten.get(), RegistryError);
    auto stopped = std::async(std::launch::async,
                              [&]
                              {
                                return a.Get().RunLocally("/stopped", "{}");
                              });
    a.GetCore().WaitForSubmission("/stopped");
    a.Get().Stop();
    EXPECT_THROW(stopped.get(), RegistryError);
  }

  TEST_P(LocalJobs, SavedRegistryIsFiltered)
  {
    std::string local;
    std::string ended;
    {
      TestReplica a(*database_, "a", configuration_);
      a.Get().Start();
      local = a.GetCore().StartJob("DicomModalityStore");
      ended = a.GetCore().StartJob("DicomModalityStore");
      End(a.GetCore(), ended, JobState::Success);
      a.GetIds();
      a.Get().Stop();
    }
    TestReplica& b = AddReplica("b");
    const std::string elsewhere = b.GetCore().StartJob("DicomModalityStore");
    const std::string queued = b.Submit(MakeJob("/queued"));
    const std::string run = b.GetCore().WaitForSubmission("/queued");
    b.GetIds();

    TestReplica& restarted = AddReplica("a", false);
    Json::Value saved;
    saved["Type"] = "JobsRegistry";
    for (const std::string& id : {local, ended, elsewhere, queued, run, GenerateUuid()})
    {
      saved["Jobs"][id]["State"] = "Running";
    }
    const Json::Value kept = ParseJson(restarted.Get().FilterSavedJobs(WriteJson(saved)));
    EXPECT_EQ("JobsRegistry", kept["Type"].asString());
    EXPECT_EQ(Json::Value::Members{local}, kept["Jobs"].getMemberNames());
    EXPECT_EQ("Running", kept["Jobs"][local]["State"].asString());

    // The kept one belongs to the new process, and is followed by it
    EXPECT_TRUE(restarted.Get().IsOwn(restarted.Get().Get(local).value()));
    restarted.GetCore().StartJob("DicomModalityStore", local);
    restarted.Get().Start();
    End(restarted.GetCore(), local, JobState::Success);
    EXPECT_TRUE(b.WaitForState(local, JobState::Success));

    EXPECT_EQ("{\"Jobs\":", restarted.Get().FilterSavedJobs("{\"Jobs\":"));
    EXPECT_EQ("{\"Jobs\":[]}", restarted.Get().FilterSavedJobs("{\"Jobs\":[]}"));
    EXPECT_EQ("", restarted.Get().FilterSavedJobs(""));
    EXPECT_EQ(R"({"Jobs":{},"Type":"JobsRegistry"})",
              restarted.Get().FilterSavedJobs(R"({"Type":"JobsRegistry","Jobs":{}})"));
  }

  TEST_P(LocalJobs, KeptButNotResumedByTheCoreIsLost)
  {
    std::string local;
    {
      TestReplica a(*database_, "a", configuration_);
      a.Get().Start();
      local = a.GetCore().StartJob("DicomModalityStore");
      a.Get().Stop();
    }
    TestReplica& restarted = AddReplica("a", false);
    restarted.Get().FilterSavedJobs("{\"Jobs\":{\"" + local + "\":{}}}");
    restarted.Get().Start();
    EXPECT_TRUE(restarted.WaitForState(local, JobState::Failure));
  }

  CONFORMANCE_SUITE(LocalJobs);
}
