// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/JobActions.h"

#include <random>

namespace OrthancRegistry::Testing
{
  // Owners that die or leave, deleted jobs that must not come back, clients that race
  class JobActionsFailures : public JobActions
  {
  };

  TEST_P(JobActionsFailures, RequestedActionSurvivesItsOwner)
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

  TEST_P(JobActionsFailures, RequestedActionSurvivesAnOrderlyStop)
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

  TEST_P(JobActionsFailures, DeletedLocalJobStaysAway)
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
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas WHERE incarnation = $1",
                                     a.GetIdentity().incarnation) == 1;
        }));
    a.GetCore().Change(other,
                       [](CoreJob& job)
                       {
                         job.content["New"] = 1;
                       });
    EXPECT_TRUE(a.GetIds().empty());
    const std::string third = a.GetCore().StartJob("DicomModalityStore");
    EXPECT_EQ(std::vector<std::string>{third}, a.GetIds());
  }

  TEST_P(JobActionsFailures, DeletedQueuedJobIsForgottenByItsCore)
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
    EXPECT_TRUE(a.GetIds().empty());
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobDetails"));
  }

  // Clients that all want something else, at all replicas, while the jobs run and end
  TEST_P(JobActionsFailures, RacingClientsLeaveNoHalfState)
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
      ids.push_back(replicas_[0]->Submit(MakeJob("/race/" + std::to_string(i))));
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

  CONFORMANCE_SUITE(JobActionsFailures);
}
