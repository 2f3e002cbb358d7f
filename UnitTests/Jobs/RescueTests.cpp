// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/TestCluster.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Replicas/ReplicaRegistry.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  class Rescue : public ClusterTest
  {
  };

  TEST_P(Rescue, JobsOfADeadReplicaAreRunByAnother)
  {
    TestReplica& dead = AddReplica("dead");
    const std::string id = dead.Submit(MakeJob("/rescued"));
    const std::string localId = dead.GetCore().WaitForSubmission("/rescued");
    const std::string local = dead.GetCore().StartJob("Archive");
    ASSERT_TRUE(dead.WaitForState(local, JobState::Pending));
    ASSERT_TRUE(dead.WaitForState(localId, JobState::Running)); // known by the id of its run

    TestReplica& other = AddReplica("other");
    other.GetCore().RunByItself();
    const auto start = std::chrono::steady_clock::now();
    dead.Kill();
    ASSERT_TRUE(other.WaitForState(id, JobState::Success));
    RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                        std::chrono::steady_clock::now() - start)
                                                        .count()));
    const Job job = other.Get().Get(id).value();
    EXPECT_EQ(2, job.attempts);
    EXPECT_EQ("other", job.replica);
    EXPECT_EQ(id, other.Get().Get(localId)->id); // the id of the first run still resolves

    const Job failed = other.Get().Get(local).value();
    EXPECT_EQ(JobState::Failure, failed.state);
    EXPECT_THAT(failed.errorDetails, testing::HasSubstr("Replica lost: dead"));
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));
  }

  TEST_P(Rescue, AttemptsAreLimited)
  {
    configuration_.maximumAttempts = 2;
    configuration_.maximumCrashes = 100;
    std::string id;
    for (const char* name : {"first", "second"})
    {
      TestReplica& replica = AddReplica(name);
      if (id.empty())
      {
        id = replica.Submit(MakeJob("/poison"));
      }
      replica.GetCore().WaitForSubmission("/poison");
      replica.Kill();
    }
    TestReplica& last = AddReplica("last");
    ASSERT_TRUE(last.WaitForState(id, JobState::Failure));
    const Job job = last.Get().Get(id).value();
    EXPECT_EQ(2, job.attempts);
    EXPECT_THAT(job.errorDetails, testing::HasSubstr("first, second"));
    EXPECT_TRUE(last.GetCore().GetSubmissions().empty());
  }

  TEST_P(Rescue, FailedRunsThatWereRetriedDoNotCount)
  {
    configuration_.maximumAttempts = 2;
    configuration_.maximumCrashes = 100;
    TestReplica& first = AddReplica("first");
    const std::string id = first.Submit(MakeJob("/retried"));
    first.GetCore().WaitForSubmission("/retried");
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute("UPDATE SharedJobs SET attempts = 3, retries = 2 WHERE id = $1", id);
      transaction.Commit();
    }
    first.Kill();
    TestReplica& second = AddReplica("second");
    second.GetCore().WaitForSubmission("/retried");
    EXPECT_EQ(4, second.Get().Get(id)->attempts);
  }

  TEST_P(Rescue, PoisonIsParkedAndNamesItsVictims)
  {
    const std::string healthy = [&]
    {
      TestReplica& first = AddReplica("first");
      const std::string poison = first.Submit(MakeJob("/poison"));
      first.GetCore().WaitForSubmission("/poison");
      first.Kill();
      return poison;
    }();
    TestReplica& second = AddReplica("second/with/slashes");
    second.GetCore().WaitForSubmission("/poison");
    second.Kill();
    TestReplica& last = AddReplica("last");
    ASSERT_TRUE(last.WaitForState(healthy, JobState::Failure));
    const Job job = last.Get().Get(healthy).value();
    EXPECT_EQ(static_cast<int>(ErrorCode::InternalError), job.errorCode);
    EXPECT_EQ("Parked, because it may be what has ended them: these replicas died while they ran it:"
              " first, second/with/slashes. It can be resubmitted.",
              job.errorDetails);
    EXPECT_EQ(2, QueryValue<int64_t>("SELECT crashes FROM SharedJobs"));
    EXPECT_TRUE(last.GetCore().GetSubmissions().empty());
  }

  TEST_P(Rescue, PausedJobHasNotEndedItsReplica)
  {
    configuration_.maximumCrashes = 1;
    TestReplica& dead = AddReplica("dead");
    const std::string id = dead.Submit(MakeJob("/paused"));
    dead.GetCore().Change(dead.GetCore().WaitForSubmission("/paused"),
                          [](CoreJob& job)
                          {
                            job.state = JobState::Paused;
                          });
    ASSERT_TRUE(dead.WaitForState(id, JobState::Paused));
    dead.Kill();
    TestReplica& other = AddReplica("other");
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return other.Get().Get(id)->owner.empty();
        }));
    EXPECT_EQ(JobState::Paused, other.Get().Get(id)->state);
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT crashes FROM SharedJobs"));
  }

  // What a late owner has to say must not replace the reason either
  TEST_P(Rescue, LateEndOfAParkedJobIsDropped)
  {
    configuration_.maximumCrashes = 1;
    TestReplica& frozen = AddReplica("frozen");
    const std::string id = frozen.Submit(MakeJob("/late"));
    const std::string localId = frozen.GetCore().WaitForSubmission("/late");
    ASSERT_TRUE(frozen.WaitForState(id, JobState::Running));
    frozen.GetCore().EndInSpiteOfCancel(localId);
    TestReplica& other = AddReplica("other");
    frozen.GetDatabase().SetFrozen(true);
    ASSERT_TRUE(other.WaitForState(id, JobState::Failure));
    frozen.GetDatabase().SetFrozen(false);
    ASSERT_TRUE(frozen.WaitForState(frozen.Submit(MakeJob("/next")), JobState::Running));
    EXPECT_EQ(JobState::Failure, other.Get().Get(id)->state);
    EXPECT_THAT(other.Get().Get(id)->errorDetails, testing::HasSubstr("frozen"));
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT crashes FROM SharedJobs WHERE id = $1", id));
  }

  TEST_P(Rescue, LocalJobsAreWaitedForAndQueuedOnesAreNot)
  {
    configuration_.localJobsGraceSeconds = 3;
    TestReplica& dead = AddReplica("dead");
    const std::string id = dead.Submit(MakeJob("/queued"));
    dead.GetCore().WaitForSubmission("/queued");
    const std::string local = dead.GetCore().StartJob("Archive");
    ASSERT_TRUE(dead.WaitForState(local, JobState::Pending));
    TestReplica& other = AddReplica("other");
    dead.Kill();
    other.GetCore().WaitForSubmission("/queued");
    EXPECT_EQ(JobState::Pending, other.Get().Get(local)->state);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas WHERE rescuedAt IS NOT NULL") == 1;
        }));
    // Nothing to be done meanwhile, so that nobody looks for it
    ReplicaRegistry registry(configuration_, {GenerateUuid(), "observer", "", ""}, GetDatabase());
    registry.Register();
    EXPECT_FALSE(registry.Beat(0).isReplicaExpired);
    ASSERT_TRUE(other.WaitForState(local, JobState::Failure));
    EXPECT_GE(QueryValue<int64_t>("SELECT completedAt FROM SharedJobs WHERE id = $1", local),
              QueryValue<int64_t>("SELECT MIN(changedAt) + 2500000 FROM SharedJobs WHERE id = $1", id));
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas WHERE serverIdentifier = 'dead'"));
  }

  TEST_P(Rescue, LocalJobsAreAdoptedWithinTheGrace)
  {
    configuration_.localJobsGraceSeconds = 3600;
    TestReplica& dead = AddReplica("same");
    const std::string local = dead.GetCore().StartJob("DicomModalityStore");
    ASSERT_TRUE(dead.WaitForState(local, JobState::Pending));
    TestReplica& other = AddReplica("other");
    dead.Kill();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas WHERE rescuedAt IS NOT NULL") == 1;
        }));
    TestReplica& restarted = AddReplica("same", false);
    restarted.Get().FilterSavedJobs("{\"Jobs\":{\"" + local + "\":{}}}");
    EXPECT_EQ(2, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));
    restarted.GetCore().StartJob("DicomModalityStore", local);
    restarted.GetCore().RunByItself();
    restarted.Get().Start();
    ASSERT_TRUE(other.WaitForState(local, JobState::Success));
  }

  TEST_P(Rescue, RescuedReplicaNoticesItAndGoesOn)
  {
    configuration_.localJobsGraceSeconds = 3600;
    TestReplica& frozen = AddReplica("frozen");
    const std::string local = frozen.GetCore().StartJob("Archive");
    ASSERT_TRUE(frozen.WaitForState(local, JobState::Pending));
    AddReplica("other", false).Get().Start();
    frozen.GetDatabase().SetFrozen(true);
    const auto countRescued = [&]
    {
      return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas WHERE rescuedAt IS NOT NULL");
    };
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return countRescued() == 1;
        }));
    frozen.GetDatabase().SetFrozen(false);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return countRescued() == 0;
        }));
    EXPECT_EQ(2, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));
    replicas_[1]->Get().Stop();
    frozen.GetCore().RunByItself();
    EXPECT_TRUE(frozen.WaitForState(frozen.Submit(MakeJob("/next")), JobState::Success));
    EXPECT_TRUE(frozen.WaitForState(local, JobState::Success));
  }

  TEST_P(Rescue, StaleOwnerChangesNothing)
  {
    TestReplica& frozen = AddReplica("frozen");
    const std::string id = frozen.Submit(MakeJob("/twice"));
    const std::string stale = frozen.GetCore().WaitForSubmission("/twice");
    ASSERT_TRUE(frozen.WaitForState(id, JobState::Running));
    const std::string local = frozen.GetCore().StartJob("Archive");
    ASSERT_TRUE(frozen.WaitForState(local, JobState::Pending));

    TestReplica& other = AddReplica("other");
    frozen.GetDatabase().SetFrozen(true);
    const std::string fresh = other.GetCore().WaitForSubmission("/twice");
    ASSERT_TRUE(other.WaitForState(local, JobState::Failure));
    frozen.GetCore().Change(stale,
                            [](CoreJob& job)
                            {
                              job.state = JobState::Success;
                              job.content["By"] = "stale";
                            });
    frozen.GetDatabase().SetFrozen(false);

    // It notices, and drops its own run
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return frozen.GetCore().GetCancelled().contains(stale);
        }));
    EXPECT_EQ(JobState::Running, other.Get().Get(id)->state);
    EXPECT_EQ("other", other.Get().Get(id)->replica);
    EXPECT_FALSE(other.Get().Get(id)->content.isMember("By"));

    // Its local job lives after all
    ASSERT_TRUE(other.WaitForState(local, JobState::Pending));

    other.GetCore().Change(fresh,
                           [](CoreJob& job)
                           {
                             job.state = JobState::Success;
                             job.content["By"] = "fresh";
                           });
    ASSERT_TRUE(frozen.WaitForState(id, JobState::Success));
    EXPECT_EQ("fresh", frozen.Get().Get(id)->content["By"].asString());
    EXPECT_EQ(2, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));

    // and it works on
    frozen.GetCore().RunByItself();
    other.Get().Stop();
    EXPECT_TRUE(frozen.WaitForState(frozen.Submit(MakeJob("/next")), JobState::Success));
  }

  TEST_P(Rescue, LateSubmissionOfALostJobIsCancelled)
  {
    TestReplica& frozen = AddReplica("frozen");
    frozen.GetCore().HoldBack("/late");
    const std::string id = frozen.Submit(MakeJob("/late"));
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return frozen.GetCore().CountHeldBack() == 1;
        }));
    TestReplica& other = AddReplica("other");
    other.GetCore().RunByItself();
    frozen.GetDatabase().SetFrozen(true);
    ASSERT_TRUE(other.WaitForState(id, JobState::Success));
    frozen.GetDatabase().SetFrozen(false);
    frozen.GetCore().Release();
    const std::string late = frozen.GetCore().WaitForSubmission("/late");
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return frozen.GetCore().GetCancelled().contains(late);
        }));
    EXPECT_EQ("other", frozen.Get().Get(id)->replica);
    EXPECT_EQ(std::vector<std::string>{id}, frozen.GetIds());
  }

  TEST_P(Rescue, OrderlyStopGivesBackWithoutCounting)
  {
    TestReplica& leaving = AddReplica("leaving");
    const std::string id = leaving.Submit(MakeJob("/handed"));
    const std::string localId = leaving.GetCore().WaitForSubmission("/handed");
    ASSERT_TRUE(leaving.WaitForState(id, JobState::Running));
    leaving.Get().Stop();
    EXPECT_TRUE(leaving.GetCore().GetCancelled().contains(localId));
    Job job = leaving.Get().Get(id).value();
    EXPECT_EQ(JobState::Pending, job.state);
    EXPECT_EQ(0, job.attempts);
    EXPECT_EQ("", job.owner);
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));

    TestReplica& other = AddReplica("other");
    other.GetCore().RunByItself();
    ASSERT_TRUE(other.WaitForState(id, JobState::Success));
    EXPECT_EQ(1, other.Get().Get(id)->attempts);
  }

  TEST_P(Rescue, ManyJobsByTwoRescuersAreExact)
  {
    configuration_.concurrentJobs = 300;
    TestReplica& dead = AddReplica("dead");
    for (int i = 0; i < 300; i++)
    {
      dead.Submit(MakeJob("/many/" + std::to_string(i)));
    }
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return dead.GetCore().GetSubmissions().size() == 300;
        }));
    dead.Kill();
    configuration_.concurrentJobs = 20;
    for (const char* name : {"b", "c"})
    {
      AddReplica(name).GetCore().RunByItself();
    }
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 2") == 300;
        }));
    EXPECT_EQ(300, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE attempts = 2 AND crashes = 1"));
    EXPECT_EQ(300u, replicas_[1]->GetCore().GetSubmissions().size() +
                        replicas_[2]->GetCore().GetSubmissions().size());
  }

  CONFORMANCE_SUITE(Rescue);
}
