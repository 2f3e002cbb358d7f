// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/History.h"

#include "UnitTests/Jobs/TestCluster.h"
#include "UnitTests/Jobs/TestJobs.h"

#include <future>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr int64_t HOUR = int64_t{3600} * 1000000;
  }

  class JobHistory : public ClusterTest
  {
  protected:
    int64_t Count(JobState state)
    {
      return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = $1", state);
    }

    std::vector<TestJob> MakeEnded(JobState state, int count, Timestamp firstEnd)
    {
      std::vector<TestJob> jobs(static_cast<size_t>(count));
      for (TestJob& job : jobs)
      {
        job.state = state;
        job.completed = firstEnd++;
      }
      return jobs;
    }

    Timestamp GetNow()
    {
      return QueryValue<int64_t>("SELECT SharedNow()");
    }
  };

  TEST_P(JobHistory, TheNewestOfEachEndStateRemain)
  {
    configuration_.historySize = 3;
    const Timestamp now = GetNow();
    const auto successes = InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 7, now));
    const auto failures = InsertJobs(GetDatabase(), MakeEnded(JobState::Failure, 4, now - HOUR));
    InsertJobs(GetDatabase(), MakeEnded(JobState::Pending, 5, 0));
    InsertJobs(GetDatabase(), MakeEnded(JobState::Running, 5, 0));
    History history(configuration_, GetDatabase());
    EXPECT_EQ(5, history.Prune());
    EXPECT_EQ(0, history.Prune());
    JobReader reader(GetDatabase());
    JobQuery query;
    query.order = JobOrder::Created;
    query.filter.states = {JobState::Success};
    EXPECT_EQ(std::vector<std::string>(successes.begin() + 4, successes.end()), reader.Find(query).ids);
    query.filter.states = {JobState::Failure};
    EXPECT_EQ(std::vector<std::string>(failures.begin() + 1, failures.end()), reader.Find(query).ids);
    EXPECT_EQ(5, Count(JobState::Pending));
    EXPECT_EQ(5, Count(JobState::Running));
    EXPECT_EQ(16, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobDetails"));
  }

  // A rescue ends many jobs at one moment
  TEST_P(JobHistory, ExactAmongEqualMoments)
  {
    configuration_.historySize = 3;
    TestJob job;
    job.state = JobState::Failure;
    job.completed = GetNow();
    InsertJobs(GetDatabase(), std::vector<TestJob>(10, job));
    EXPECT_EQ(7, History(configuration_, GetDatabase()).Prune());
    EXPECT_EQ(3, Count(JobState::Failure));
  }

  TEST_P(JobHistory, OldJobsGo)
  {
    configuration_.historyDays = 2;
    configuration_.historySize = 0;
    const Timestamp now = GetNow();
    InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 5, now - 49 * HOUR));
    InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 6, now - 47 * HOUR));
    InsertJobs(GetDatabase(), MakeEnded(JobState::Failure, 2, now - 1000 * HOUR));
    EXPECT_EQ(7, History(configuration_, GetDatabase()).Prune());
    EXPECT_EQ(6, Count(JobState::Success));
    EXPECT_EQ(0, Count(JobState::Failure));
  }

  TEST_P(JobHistory, ZeroIsNoLimit)
  {
    configuration_.historyDays = 0;
    configuration_.historySize = 0;
    InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 5, 0));
    EXPECT_EQ(0, History(configuration_, GetDatabase()).Prune());
    EXPECT_EQ(5, Count(JobState::Success));
  }

  TEST_P(JobHistory, TwoAtOnceRemoveNoMoreThanOne)
  {
    configuration_.historySize = 700;
    const auto other = database_->Connect();
    for (int round = 0; round < 5; round++)
    {
      InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 1500, GetNow()));
      History a(configuration_, GetDatabase());
      History b(configuration_, *other);
      auto removed = std::async(std::launch::async,
                                [&b]
                                {
                                  return b.Prune();
                                });
      const int64_t removedHere = a.Prune();
      EXPECT_EQ(round == 0 ? 800 : 1500, removedHere + removed.get());
      EXPECT_EQ(700, Count(JobState::Success));
    }
  }

  TEST_P(JobHistory, RunsByItself)
  {
    configuration_.historySize = 10;
    InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 2500, GetNow()));
    AddReplica("a");
    AddReplica("b");
    EXPECT_TRUE(WaitUntil(
        [this]
        {
          return Count(JobState::Success) == 10;
        }));
  }

  TEST_P(JobHistory, PrunedLocalJobDoesNotComeBack)
  {
    configuration_.historySize = 1;
    TestReplica& a = AddReplica("a");
    const std::string id = a.GetCore().StartJob("Archive");
    a.GetCore().Change(id,
                       [](CoreJob& job)
                       {
                         job.state = JobState::Success;
                       });
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 1, GetNow() + HOUR));
    History(configuration_, GetDatabase()).Prune();
    EXPECT_EQ(1u, a.GetIds().size()); // each looks at the core
    EXPECT_EQ(1u, a.GetIds().size());
    EXPECT_FALSE(a.Get().Get(id));
  }

  // Without autovacuum, which comes too late
  TEST_P(JobHistory, NewJobsTakeTheSpaceOfThoseThatAreGone)
  {
    const bool isServer = GetParam() == Engine::PostgreSQL;
    if (isServer)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.ExecuteScript("ALTER TABLE SharedJobs SET (autovacuum_enabled = off);"
                                "ALTER TABLE SharedJobDetails SET (autovacuum_enabled = off)");
      transaction.Commit();
    }
    const auto getSize = [&]
    {
      return QueryValue<int64_t>(isServer ? "SELECT pg_total_relation_size(CAST('SharedJobs' AS regclass))"
                                            " + pg_total_relation_size(CAST('SharedJobDetails' AS regclass))"
                                          : "SELECT page_count FROM pragma_page_count");
    };
    configuration_.historySize = 100;
    History history(configuration_, GetDatabase());
    history.Start();
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          const int64_t before = getSize();
          InsertJobs(GetDatabase(), MakeEnded(JobState::Success, 1500, GetNow()));
          history.OnJobsEnded(1500);
          EXPECT_TRUE(WaitUntil(
              [&]
              {
                return Count(JobState::Success) == 100;
              }));
          return getSize() == before;
        },
        std::chrono::seconds(60)));
  }

  CONFORMANCE_SUITE(JobHistory);
}
