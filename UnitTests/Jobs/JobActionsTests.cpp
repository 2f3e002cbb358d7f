// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/TestCluster.h"

#include <gmock/gmock.h>

#include <future>
#include <random>

namespace OrthancRegistry::Testing
{
  using Kind = ActionAnswer::Kind;

  // Actions on jobs that a core has, and on all others, through whole replicas
  class JobActions : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      configuration_.leaseSeconds = 30; // of replicas that only do not answer
    }

    static void SetState(TestReplica& replica, const std::string& coreId, JobState state)
    {
      replica.GetCore().Change(coreId,
                               [state](CoreJob& job)
                               {
                                 job.state = state;
                               });
    }

    // A queued job that runs at "a"
    std::string MakeRunning(TestReplica& a, const std::string& uri)
    {
      const std::string id = a.Get().Submit(MakeJob(uri));
      localId_ = a.GetCore().WaitForSubmission(uri);
      SetState(a, localId_, JobState::Running);
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            const Job job = a.Get().Get(id).value();
            return job.state == JobState::Running && job.localId == localId_;
          }));
      return id;
    }

    static std::future<ActionAnswer> ApplyLater(TestReplica& replica, const std::string& id, JobAction action)
    {
      return std::async(std::launch::async,
                        [&replica, id, action]
                        {
                          return replica.Get().Apply(id, action);
                        });
    }

    std::string localId_;
  };

  TEST_P(JobActions, RunningJobIsCancelledThroughAnotherReplica)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = MakeRunning(a, "/x");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Cancel).kind);
    RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                        std::chrono::steady_clock::now() - start)
                                                        .count()));
    ASSERT_TRUE(b.WaitForState(id, JobState::Failure));
    const Job job = b.Get().Get(id).value();
    EXPECT_EQ(37, job.errorCode);
    EXPECT_FALSE(job.requestedAction);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Cancel).kind);
    EXPECT_EQ(Kind::Refused, b.Get().Apply(id, JobAction::Resume).kind);

    // By the id of its run, and from the beginning
    SetState(a, localId_, JobState::Failure);
    EXPECT_EQ(Kind::Done, b.Get().Apply(localId_, JobAction::Resubmit).kind);
    ASSERT_TRUE(b.WaitForState(id, JobState::Running));
    EXPECT_EQ(1, b.Get().Get(id)->attempts);
    a.GetCore().RunByItself();
    EXPECT_TRUE(b.WaitForState(id, JobState::Success));
  }

  TEST_P(JobActions, PausedRunFreesItsSlotAndGoesOn)
  {
    configuration_.concurrentJobs = 1;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = MakeRunning(a, "/paused");
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Pause).kind);
    ASSERT_TRUE(b.WaitForState(id, JobState::Paused));
    EXPECT_EQ(a.GetIdentity().incarnation, b.Get().Get(id)->owner);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Pause).kind);

    MakeRunning(a, "/next"); // in its place
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Resume).kind);
    EXPECT_EQ(JobState::Running, b.Get().Get(id)->state); // at once
    EXPECT_EQ(Kind::Refused, b.Get().Apply(id, JobAction::Resume).kind);
    a.GetCore().RunByItself();
    EXPECT_TRUE(b.WaitForState(id, JobState::Success));
    EXPECT_EQ(2u, a.GetCore().GetSubmissions().size());
  }

  TEST_P(JobActions, LocalJobIsControlledThroughAnotherReplica)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = a.GetCore().StartJob("DicomModalityStore");
    ASSERT_TRUE(a.WaitForState(id, JobState::Pending));
    // None of these has an event of the core, yet each is seen as soon as it is answered
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Pause).kind);
    EXPECT_EQ(JobState::Paused, b.Get().Get(id)->state);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Resume).kind);
    EXPECT_EQ(JobState::Pending, b.Get().Get(id)->state);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Cancel).kind);
    Job job = b.Get().Get(id).value();
    EXPECT_EQ(JobState::Failure, job.state);
    EXPECT_EQ(37, job.errorCode);
    EXPECT_TRUE(job.completed);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Resubmit).kind);
    job = b.Get().Get(id).value();
    EXPECT_EQ(JobState::Pending, job.state);
    EXPECT_FALSE(job.completed);
    EXPECT_EQ(Kind::Refused, b.Get().Apply(id, JobAction::Resubmit).kind);

    // The same through its own replica, at the core's state of the moment
    SetState(a, id, JobState::Paused);
    EXPECT_EQ(Kind::Done, a.Get().Apply(id, JobAction::Resume).kind);
    EXPECT_EQ(JobState::Pending, a.Get().Get(id)->state);
  }

  TEST_P(JobActions, FailureOfTheCoreIsAnswered)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string archive = a.GetCore().StartJob("Archive");
    SetState(a, archive, JobState::Failure);
    ASSERT_TRUE(a.WaitForState(archive, JobState::Failure));
    ActionAnswer answer = b.Get().Apply(archive, JobAction::Resubmit);
    EXPECT_EQ(Kind::Failed, answer.kind);
    EXPECT_EQ(ErrorCode::BadSequenceOfCalls, answer.code);
    EXPECT_EQ(JobState::Failure, b.Get().Get(archive)->state);

    a.GetCore().Forget(archive);
    answer = b.Get().Apply(archive, JobAction::Resubmit);
    EXPECT_EQ(Kind::Refused, answer.kind);
    EXPECT_THAT(answer.details, testing::HasSubstr("a has forgotten"));
  }

  TEST_P(JobActions, SubmissionUnderWayIsCancelledOrPaused)
  {
    configuration_.concurrentJobs = 1;
    TestReplica& a = AddReplica("a");
    for (const JobAction action : {JobAction::Cancel, JobAction::Pause})
    {
      const std::string uri = action == JobAction::Cancel ? "/cancelled" : "/paused";
      a.GetCore().HoldBack(uri);
      const std::string id = a.Get().Submit(MakeJob(uri));
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return a.GetCore().CountHeldBack() == 1;
          }));
      EXPECT_EQ(Kind::Done, a.Get().Apply(id, action).kind);
      Job job = a.Get().Get(id).value();
      EXPECT_EQ(action == JobAction::Cancel ? JobState::Failure : JobState::Paused, job.state);
      EXPECT_EQ(action == JobAction::Cancel ? 37 : 0, job.errorCode);
      EXPECT_EQ(0, job.attempts);
      EXPECT_EQ("", job.owner);

      // What the core makes of it is neither a local job nor goes on
      const size_t listings = a.GetCore().CountListings();
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            a.Get().GetIds();
            return a.GetCore().CountListings() > listings + 3;
          }));
      EXPECT_FALSE(a.Get().Get(a.GetCore().GetJobs().back().id) &&
                   a.Get().Get(a.GetCore().GetJobs().back().id)->origin == JobOrigin::Local);
      a.GetCore().Release();
      const std::string late = a.GetCore().WaitForSubmission(uri);
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return a.GetCore().GetCancelled().contains(late);
          }));
      EXPECT_EQ(job.state, a.Get().Get(id)->state);
      EXPECT_EQ(action == JobAction::Cancel ? 1u : 2u, a.Get().GetIds().size());
    }
  }

  TEST_P(JobActions, OwnerThatDoesNotAnswerInTimeActsLater)
  {
    configuration_.actionMilliseconds = 300;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = MakeRunning(a, "/x");
    a.GetCore().HoldBackActions();
    const auto start = std::chrono::steady_clock::now();
    const ActionAnswer answer = b.Get().Apply(id, JobAction::Pause);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));
    EXPECT_EQ(Kind::NotAnswered, answer.kind);
    EXPECT_THAT(answer.details, testing::HasSubstr("Replica a has not answered"));
    EXPECT_EQ(JobAction::Pause, b.Get().Get(id)->requestedAction);
    // Another one, then the same: both wait for the first
    EXPECT_EQ(Kind::NotAnswered, b.Get().Apply(id, JobAction::Cancel).kind);
    auto joined = ApplyLater(b, id, JobAction::Pause);
    a.GetCore().Release();
    EXPECT_EQ(Kind::Done, joined.get().kind);
    EXPECT_TRUE(b.WaitForState(id, JobState::Paused));
    EXPECT_EQ(1u, a.GetCore().GetActions().size());
  }

  TEST_P(JobActions, MissedMessageIsMadeUpByTheHeartbeat)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = MakeRunning(a, "/x");
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    transaction.Execute("UPDATE SharedJobs SET revision = revision + 1, requestedAction = 1,"
                        " requestedRevision = revision + 1 WHERE id = $1",
                        id);
    transaction.Commit();
    EXPECT_TRUE(a.WaitForState(id, JobState::Paused));
  }

  TEST_P(JobActions, RequestedActionSurvivesItsOwner)
  {
    configuration_.leaseSeconds = 1;
    configuration_.actionMilliseconds = 0;
    configuration_.concurrentJobs = 3;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string cancelled = MakeRunning(a, "/cancelled");
    const std::string paused = MakeRunning(a, "/paused");
    const std::string neither = MakeRunning(a, "/neither");
    const std::string local = a.GetCore().StartJob("Archive");
    SetState(a, local, JobState::Running);
    ASSERT_TRUE(a.WaitForState(local, JobState::Running));
    a.GetCore().HoldBackActions();
    EXPECT_EQ(Kind::NotAnswered, b.Get().Apply(cancelled, JobAction::Cancel).kind);
    EXPECT_EQ(Kind::NotAnswered, b.Get().Apply(paused, JobAction::Pause).kind);
    EXPECT_EQ(Kind::NotAnswered, b.Get().Apply(local, JobAction::Cancel).kind);
    a.GetDatabase().SetFrozen(true); // so that it writes no answer while it dies
    std::thread killer(
        [&]
        {
          a.Kill();
        });
    killer.join();
    b.GetCore().RunByItself();
    b.Get().Start();
    ASSERT_TRUE(b.WaitForState(neither, JobState::Success));
    EXPECT_EQ(JobState::Failure, b.Get().Get(cancelled)->state);
    EXPECT_EQ(37, b.Get().Get(cancelled)->errorCode);
    const Job job = b.Get().Get(paused).value();
    EXPECT_EQ(JobState::Paused, job.state);
    EXPECT_EQ("", job.owner);
    EXPECT_FALSE(job.requestedAction);
    EXPECT_TRUE(b.WaitForState(local, JobState::Failure));
    EXPECT_FALSE(b.Get().Get(local)->requestedAction);
    EXPECT_EQ(Kind::Done, b.Get().Apply(paused, JobAction::Resume).kind);
    EXPECT_TRUE(b.WaitForState(paused, JobState::Success));
    EXPECT_EQ(2, b.Get().Get(paused)->attempts);
  }

  TEST_P(JobActions, RequestedActionSurvivesAnOrderlyStop)
  {
    configuration_.actionMilliseconds = 0;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string cancelled = MakeRunning(a, "/cancelled");
    const std::string paused = MakeRunning(a, "/paused");
    a.GetCore().HoldBackActions();
    b.Get().Apply(cancelled, JobAction::Cancel);
    b.Get().Apply(paused, JobAction::Pause);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return !a.GetCore().GetActions().empty();
        }));
    auto stopped = std::async(std::launch::async,
                              [&]
                              {
                                a.Get().Stop();
                              });
    a.GetCore().Release();
    stopped.get();
    EXPECT_EQ(JobState::Failure, b.Get().Get(cancelled)->state);
    EXPECT_EQ(37, b.Get().Get(cancelled)->errorCode);
    EXPECT_EQ(JobState::Paused, b.Get().Get(paused)->state);
    EXPECT_EQ("", b.Get().Get(paused)->owner);
  }

  TEST_P(JobActions, DeletedLocalJobStaysAway)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = a.GetCore().StartJob("DicomModalityStore");
    const std::string other = a.GetCore().StartJob("DicomModalityStore");
    ASSERT_TRUE(a.WaitForState(id, JobState::Pending));
    EXPECT_EQ(Kind::Unknown, b.Get().Delete(id).kind);
    SetState(a, id, JobState::Success);
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    SetState(a, other, JobState::Success);
    ASSERT_TRUE(a.WaitForState(other, JobState::Success));
    EXPECT_EQ(Kind::WrongRevision, b.Get().Delete(id, ExpectedRevisions({1000})).kind);
    EXPECT_EQ(Kind::Done, b.Get().Delete(id).kind);
    EXPECT_EQ(Kind::Unknown, b.Get().Delete(id).kind);
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return !a.GetCore().GetJob(id);
        }));

    // The message may be lost, the core may go on to tell about it, and everything may be written once more
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    transaction.Execute("DELETE FROM SharedJobs WHERE id = $1", other);
    transaction.Execute("DELETE FROM SharedReplicas");
    transaction.Commit();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas") == 1;
        }));
    a.GetCore().Change(other,
                       [](CoreJob& job)
                       {
                         job.content["New"] = 1;
                       });
    EXPECT_TRUE(a.Get().GetIds().empty());
    const std::string third = a.GetCore().StartJob("DicomModalityStore");
    EXPECT_EQ(std::vector<std::string>{third}, a.Get().GetIds());
  }

  TEST_P(JobActions, DeletedQueuedJobIsForgottenByItsCore)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = MakeRunning(a, "/x");
    SetState(a, localId_, JobState::Success);
    ASSERT_TRUE(b.WaitForState(id, JobState::Success));
    EXPECT_EQ(Kind::Done, b.Get().Delete(localId_).kind);
    EXPECT_FALSE(b.Get().Get(id));
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return !a.GetCore().GetJob(localId_);
        }));
    EXPECT_TRUE(a.Get().GetIds().empty());
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobDetails"));
  }

  // Clients that all want something else, at all replicas, while the jobs run and end
  TEST_P(JobActions, RacingClientsLeaveNoHalfState)
  {
    constexpr int JOBS = 4;
    constexpr int CLIENTS = 6;
    constexpr int ROUNDS = 25;
    for (const char* name : {"a", "b", "c"})
    {
      AddReplica(name).GetCore().RunByItself();
    }
    std::vector<std::string> ids;
    for (int i = 0; i < JOBS; i++)
    {
      ids.push_back(replicas_[0]->Get().Submit(MakeJob("/race/" + std::to_string(i))));
    }
    std::atomic<int> done = 0;
    std::atomic<int> notAnswered = 0;
    std::vector<std::jthread> clients;
    for (unsigned int client = 0; client < CLIENTS; client++)
    {
      clients.emplace_back(
          [&, client]
          {
            std::minstd_rand random(client);
            for (int round = 0; round < ROUNDS; round++)
            {
              TestReplica& replica = *replicas_[random() % replicas_.size()];
              const auto action = static_cast<JobAction>(random() % 4);
              const ActionAnswer answer = replica.Get().Apply(ids[random() % ids.size()], action);
              EXPECT_NE(Kind::Unknown, answer.kind);
              EXPECT_NE(Kind::Failed, answer.kind);
              EXPECT_NE(Kind::WrongRevision, answer.kind);
              done += answer.kind == Kind::Done ? 1 : 0;
              notAnswered += answer.kind == Kind::NotAnswered ? 1 : 0;
            }
          });
    }
    clients.clear();
    EXPECT_GT(done, 0);
    EXPECT_EQ(0, notAnswered);
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE requestedAction IS NOT NULL"));

    // Whatever has come out of it can still be brought to an end
    for (const std::string& id : ids)
    {
      SCOPED_TRACE(id);
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            const Job job = replicas_[1]->Get().Get(id).value();
            if (job.state == JobState::Paused)
            {
              replicas_[2]->Get().Apply(id, JobAction::Resume);
            }
            if (job.state == JobState::Failure)
            {
              EXPECT_EQ(37, job.errorCode);
              replicas_[2]->Get().Apply(id, JobAction::Resubmit);
            }
            return job.state == JobState::Success;
          }));
    }
  }

  CONFORMANCE_SUITE(JobActions);
}
