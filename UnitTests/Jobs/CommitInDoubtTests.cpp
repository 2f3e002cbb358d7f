// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/JobsService.h"
#include "UnitTests/Jobs/FakeCore.h"
#include "UnitTests/Jobs/FaultyDatabase.h"
#include "UnitTests/Jobs/TestCluster.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    // All messages are lost: the heart has to find the work.
    class SilentBus : public IMessageBus
    {
    public:
      void Publish(Transaction& /*transaction*/, std::string_view /*message*/) override
      {
      }

      void SetHandler(Handler /*handler*/) override
      {
      }

      void Start() override
      {
      }

      void Stop() override
      {
      }
    };
  }

  // One commit after the other goes wrong over the life of a job: it ends exactly once all the same.
  class CommitInDoubt : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      configuration_.leaseSeconds = 30;
    }

    // False once there are fewer commits than that.
    bool RunJob(unsigned int failing, Fault fault)
    {
      SCOPED_TRACE("Commit " + std::to_string(failing) + ", fault " +
                   std::to_string(static_cast<int>(fault)));
      FaultyDatabase database(database_->Connect());
      SilentBus bus;
      FakeCore core;
      PulseQuestions questions;
      JobsService service(configuration_, {GenerateUuid(), "faulty", "Faulty", "1.13.0"}, database, bus, core,
                          questions);
      service.Start();
      database.FailAt(failing, fault);
      const std::string id = service.GetSubmissions().Submit(MakeJob("/faulty"));
      const std::string localId = core.WaitForSubmission("/faulty");
      const auto waitFor = [&](const auto& condition)
      {
        return WaitUntil(
            [&]
            {
              const auto job = service.Get(id);
              return job && condition(*job);
            });
      };
      EXPECT_TRUE(waitFor(
          [&](const Job& job)
          {
            return job.localId == localId;
          }));
      core.Change(localId,
                  [](CoreJob& job)
                  {
                    job.state = JobState::Running;
                    job.progress = 50;
                  });
      EXPECT_TRUE(waitFor(
          [](const Job& job)
          {
            return job.progress == 50;
          }));
      core.Change(localId,
                  [](CoreJob& job)
                  {
                    job.state = JobState::Success;
                    job.progress = 100;
                    job.content["ID"] = "result";
                  });
      EXPECT_TRUE(waitFor(
          [](const Job& job)
          {
            return job.state == JobState::Success;
          }));
      service.Stop();
      CheckEnd(id, core);
      return database.HasFailed();
    }

    void CheckEnd(const std::string& id, FakeCore& core)
    {
      EXPECT_EQ(1u, core.GetSubmissions().size());
      EXPECT_TRUE(core.GetCancelled().empty());
      EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs"));
      EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE id = $1 AND state = 2", id));
      EXPECT_EQ(1, QueryValue<int64_t>("SELECT attempts FROM SharedJobs"));
      EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));
      EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobRuns"));
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute("DELETE FROM SharedJobs");
      transaction.Commit();
    }

    // The same while the job of a dead replica is rescued
    bool Rescue(unsigned int failing, Fault fault)
    {
      SCOPED_TRACE("Commit " + std::to_string(failing) + ", fault " +
                   std::to_string(static_cast<int>(fault)));
      TestReplica dead(*database_, "dead", configuration_);
      dead.Get().Start();
      const std::string id = dead.Submit(MakeJob("/rescued"));
      dead.GetCore().WaitForSubmission("/rescued");
      EXPECT_TRUE(dead.WaitForState(id, JobState::Running));
      dead.Kill();

      FaultyDatabase database(database_->Connect());
      SilentBus bus;
      FakeCore core;
      PulseQuestions questions;
      core.RunByItself();
      JobsService service(configuration_, {GenerateUuid(), "faulty", "Faulty", "1.13.0"}, database, bus, core,
                          questions);
      database.FailAt(failing, fault);
      {
        Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
        transaction.Execute("UPDATE SharedReplicas SET heartbeatAt = 0 WHERE serverIdentifier = 'dead'");
        transaction.Commit();
      }
      service.Start();
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return service.Get(id)->state == JobState::Success;
          }));
      service.Stop();
      EXPECT_EQ(1u, core.GetSubmissions().size());
      EXPECT_EQ(2, QueryValue<int64_t>("SELECT attempts FROM SharedJobs"));
      EXPECT_EQ(1, QueryValue<int64_t>("SELECT crashes FROM SharedJobs"));
      EXPECT_EQ(1,
                QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobDetails WHERE lostReplicas LIKE 'dead/%'"
                                    " AND lostReplicas NOT LIKE '%dead/%dead/%'"));
      EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedReplicas"));
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute("DELETE FROM SharedJobs");
      transaction.Commit();
      return database.HasFailed();
    }

    void RunAll(Fault fault)
    {
      unsigned int failing = 1;
      while (RunJob(failing, fault) && !HasFailure())
      {
        failing++;
      }
      EXPECT_GE(failing, 7u); // submit, claim, first state, progress, end, draining, leave
    }
  };

  TEST_P(CommitInDoubt, AfterItWasCommitted)
  {
    RunAll(Fault::DoubtAfterCommit);
  }

  TEST_P(CommitInDoubt, ThoughNothingWasCommitted)
  {
    RunAll(Fault::DoubtWithoutCommit);
  }

  TEST_P(CommitInDoubt, ConnectionLost)
  {
    RunAll(Fault::LostBeforeCommit);
  }

  TEST_P(CommitInDoubt, DuringARescue)
  {
    for (const Fault fault : {Fault::DoubtAfterCommit, Fault::DoubtWithoutCommit, Fault::LostBeforeCommit})
    {
      unsigned int failing = 1;
      while (Rescue(failing, fault) && !HasFailure())
      {
        failing++;
      }
      EXPECT_GE(failing, 5u); // rescue, claim, first state, end, leave
    }
  }

  CONFORMANCE_SUITE(CommitInDoubt);
}
