// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/FlowFixture.h"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

namespace OrthancRegistry::Testing
{
  using testing::ElementsAre;
  using testing::IsEmpty;

  class FlowLimits : public FlowTest
  {
  protected:
    void InsertBlocked(int count)
    {
      Execute("INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, destination, createdAt,"
              " changedAt) WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1"
              " FROM numbers WHERE n < $1) SELECT 'blocked' || n, 'Store', 0, 0, 0, 0, 'PACS', 1, 1"
              " FROM numbers",
              count);
      Execute("INSERT INTO SharedJobDetails(id, uri, body) SELECT id, '/blocked', $1 FROM SharedJobs"
              " WHERE id LIKE 'blocked%'",
              Binary{});
    }
  };

  TEST_P(FlowLimits, OrderedAndWorkConserving)
  {
    configuration_.limits = {{{"Store", ""}, 2}, {{"", "PACS"}, 1}};
    Stores a = MakeStores();
    for (const auto& [type, destination, uri] :
         std::vector<std::tuple<std::string, std::string, std::string>>{{"Store", "PACS", "/1"},
                                                                        {"Store", "PACS", "/2"},
                                                                        {"Store", "", "/3"},
                                                                        {"Store", "", "/4"},
                                                                        {"Move", "PACS", "/5"},
                                                                        {"Modify", "", "/6"},
                                                                        {"Modify", "", "/7"}})
    {
      a.jobs.Submit(MakeJobOf(type, destination, uri));
    }
    const ClaimAnswer first = a.claims.Claim(1);
    ASSERT_EQ(1u, first.jobs.size());
    EXPECT_EQ("/1", first.jobs[0].request.uri);
    EXPECT_EQ("Store", first.jobs[0].type);
    EXPECT_EQ("PACS", first.jobs[0].destination);
    EXPECT_FALSE(first.isContended);
    EXPECT_THAT(a.Claim(2), ElementsAre("/3", "/6"));
    EXPECT_THAT(a.Claim(10), ElementsAre("/7"));
    EXPECT_THAT(a.Claim(10), IsEmpty());

    // Each end makes room for what it took room of
    ASSERT_TRUE(a.Write(first.jobs[0], JobState::Success));
    EXPECT_THAT(a.Claim(10), ElementsAre("/2"));
    EXPECT_THAT(a.Claim(10), IsEmpty());
  }

  TEST_P(FlowLimits, PausedAtACoreTakesRoomUntilItIsHandedBack)
  {
    configuration_.limits = {{{"Store", ""}, 1}};
    Stores a = MakeStores();
    a.jobs.Submit(MakeJobOf("Store", "", "/1"));
    a.jobs.Submit(MakeJobOf("Store", "", "/2"));
    const ClaimedJob job = a.claims.Claim(10).jobs.at(0);
    ASSERT_TRUE(a.Write(job, JobState::Paused));
    EXPECT_THAT(a.Claim(10), IsEmpty());
    a.runs.Release({});
    EXPECT_THAT(a.Claim(10), ElementsAre("/2"));
  }

  TEST_P(FlowLimits, PriorityBetweenKinds)
  {
    configuration_.limits = {{{"Store", ""}, 5}};
    Stores a = MakeStores();
    NewJob job = MakeJobOf("Store", "", "/low");
    job.priority = -1;
    a.jobs.Submit(job);
    a.jobs.Submit(MakeJobOf("Modify", "", "/middle"));
    job.request.uri = "/high";
    job.priority = 1;
    a.jobs.Submit(job);
    EXPECT_THAT(a.Claim(10), ElementsAre("/high", "/middle", "/low"));
  }

  // 4 replicas with 16 slots together, and two limits that overlap
  TEST_P(FlowLimits, NeverExceededByManyReplicas)
  {
    constexpr int JOBS_PER_KIND = 60;
    const std::vector<JobKind> kinds = {{"Store", "P1"}, {"Store", "P2"}, {"Move", "P1"}, {"Move", "P2"}};
    configuration_.limits = {{{"", "P1"}, 2}, {{"Store", ""}, 3}};
    configuration_.concurrentJobs = 4;
    std::mutex mutex;
    std::map<std::string, int> running;
    std::map<std::string, int> maximum;
    const auto observe = [&](const std::string& uri, bool hasEnded)
    {
      const std::lock_guard lock(mutex);
      for (const std::string group : {"P1", "Store", ""})
      {
        if (uri.find(group) != std::string::npos)
        {
          running[group] += hasEnded ? -1 : 1;
          maximum[group] = std::max(maximum[group], running[group]);
        }
      }
    };
    for (const char* name : {"a", "b", "c", "d"})
    {
      TestReplica& replica = AddReplica(name, false);
      replica.GetCore().Observe(observe);
      replica.GetCore().RunByItself();
    }
    for (int i = 0; i < JOBS_PER_KIND; i++)
    {
      for (const JobKind& kind : kinds)
      {
        replicas_[0]->Submit(MakeJobOf(kind.type, kind.destination,
                                       "/" + kind.type + "/" + kind.destination + "/" + std::to_string(i)));
      }
    }
    for (const auto& replica : replicas_)
    {
      replica->Get().Start();
    }
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          for (const auto& replica : replicas_)
          {
            replica->Get().OnCoreJobEvent(CoreJobEvent::Submitted, ""); // it looks at its core at once
          }
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 2 AND origin = 0") ==
                 4 * JOBS_PER_KIND;
        },
        std::chrono::seconds(120)));
    EXPECT_EQ(4 * JOBS_PER_KIND, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobRuns"));
    const std::lock_guard lock(mutex);
    EXPECT_EQ(2, maximum["P1"]);
    EXPECT_EQ(3, maximum["Store"]);
    EXPECT_GT(maximum[""], 5); // those without a limit use the other slots
    EXPECT_LE(maximum[""], 16);
  }

  TEST_P(FlowLimits, EndWakesOtherReplicas)
  {
    configuration_.limits = {{{"Store", ""}, 1}};
    configuration_.leaseSeconds = 3600;
    configuration_.heartbeatMilliseconds = 600000; // it is not the heartbeat that tells
    configuration_.concurrentJobs = 1;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b");
    a.Submit(MakeJobOf("Store", "", "/first"));
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().GetSubmissions().size() + b.GetCore().GetSubmissions().size() == 1;
        }));
    TestReplica& busy = a.GetCore().GetSubmissions().empty() ? b : a;
    TestReplica& idle = &busy == &a ? b : a;
    idle.Submit(MakeJobOf("Store", "", "/second"));

    // The slot of the busy one will not become free
    const std::string local = busy.GetCore().StartJob("Archive");
    busy.GetCore().Change(local,
                          [](CoreJob& core)
                          {
                            core.state = JobState::Running;
                          });
    ASSERT_TRUE(busy.WaitForState(local, JobState::Running));
    busy.GetCore().Change(busy.GetCore().WaitForSubmission("/first"),
                          [](CoreJob& core)
                          {
                            core.state = JobState::Success;
                          });
    EXPECT_NO_THROW(idle.GetCore().WaitForSubmission("/second"));
  }

  // As fast as the database allows, without any core
  TEST_P(FlowLimits, ExactUnderConcurrency)
  {
    constexpr int JOBS = 150;
    configuration_.limits = {{{"", "P1"}, 2}, {{"Store", ""}, 3}};
    Stores first = MakeStores();
    for (int i = 0; i < JOBS; i++)
    {
      first.jobs.Submit(MakeJobOf(i / 7 % 2 == 0 ? "Store" : "Move", i / 3 % 3 == 0 ? "P2" : "P1", "/x"));
    }
    std::atomic<int> stores = 0;
    std::atomic<int> toP1 = 0;
    std::atomic<int> ended = 0;
    std::atomic<bool> isExceeded = false;
    const auto work = [&](const std::string& name)
    {
      Stores replica = MakeStores(name);
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
      while (ended < JOBS && std::chrono::steady_clock::now() < deadline)
      {
        const auto jobs = replica.claims.Claim(3).jobs;
        for (const ClaimedJob& job : jobs)
        {
          isExceeded = (job.type == "Store" && ++stores > 3) || isExceeded;
          isExceeded = (job.destination == "P1" && ++toP1 > 2) || isExceeded;
        }
        for (const ClaimedJob& job : jobs)
        {
          stores -= job.type == "Store" ? 1 : 0;
          toP1 -= job.destination == "P1" ? 1 : 0;
          EXPECT_TRUE(replica.Write(job, JobState::Success));
          ended++;
        }
      }
    };
    {
      std::vector<std::jthread> threads;
      for (const char* name : {"a", "b", "c", "d"})
      {
        threads.emplace_back(work, name);
      }
    }
    EXPECT_EQ(JOBS, ended);
    EXPECT_FALSE(isExceeded);
  }

  TEST_P(FlowLimits, BlockedJobsInFrontCostNothing)
  {
    constexpr int CLAIMS = 20;
    configuration_.limits = {{{"", "PACS"}, 1}};
    Stores a = MakeStores();
    a.jobs.Submit(MakeJobOf("Store", "PACS", "/running"));
    ASSERT_THAT(a.Claim(1), ElementsAre("/running"));
    InsertBlocked(100000);
    for (int i = 0; i < CLAIMS; i++)
    {
      a.jobs.Submit(MakeJobOf("Modify", "", "/free" + std::to_string(i)));
    }
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < CLAIMS; i++)
    {
      EXPECT_THAT(a.Claim(1), ElementsAre("/free" + std::to_string(i)));
    }
    const std::chrono::duration<double, std::milli> duration = std::chrono::steady_clock::now() - start;
    RecordProperty("MillisecondsPerClaim", std::to_string(duration.count() / CLAIMS));
    EXPECT_LT(duration.count() / CLAIMS, 20); // to read them all takes longer
    EXPECT_THAT(a.Claim(1), IsEmpty());
  }

  TEST_P(FlowLimits, LongQueueCostsNothing)
  {
    constexpr int CLAIMS = 20;
    Stores a = MakeStores();
    a.claims.Claim(1);
    InsertBlocked(100000);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < CLAIMS; i++)
    {
      EXPECT_TRUE(a.registry.Beat(0).isWorkWaiting);
      EXPECT_THAT(a.Claim(1), ElementsAre("/blocked"));
    }
    const std::chrono::duration<double, std::milli> duration = std::chrono::steady_clock::now() - start;
    RecordProperty("MillisecondsPerClaim", std::to_string(duration.count() / CLAIMS));
    EXPECT_LT(duration.count() / CLAIMS, 20);
  }

  CONFORMANCE_SUITE(FlowLimits);

  class FlowLimitsOnPostgreSQL : public FlowLimits
  {
  protected:
    // The rows of the index entries that the choice has followed, or of the table that it has scanned
    int64_t CountRowsRead()
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      const auto count = [&transaction]
      {
        return transaction.QueryValue<int64_t>(
            "SELECT CAST(SUM(pg_stat_get_xact_tuples_returned(c.oid) + "
            "pg_stat_get_xact_tuples_fetched(c.oid))"
            " AS BIGINT) FROM pg_class c WHERE c.oid = 'SharedJobs'::regclass"
            " OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'SharedJobs'::regclass)");
      };
      const int64_t before = count();
      LimitedChoice(configuration_.limits).Choose(transaction, 2);
      return count() - before;
    }
  };

  TEST_P(FlowLimitsOnPostgreSQL, BlockedJobsInFrontAreNotRead)
  {
    configuration_.limits = {{{"", "PACS"}, 1}};
    Stores a = MakeStores();
    a.jobs.Submit(MakeJobOf("Store", "PACS", "/running"));
    ASSERT_THAT(a.Claim(1), ElementsAre("/running"));
    InsertBlocked(100000);
    a.jobs.Submit(MakeJobOf("Modify", "", "/free"));
    EXPECT_LT(CountRowsRead(), 100);
    Execute("ANALYZE SharedJobs");
    EXPECT_LT(CountRowsRead(), 100);
  }

  // A replica that hangs in the middle of its claim must not hold up what its limit is not about.
  TEST_P(FlowLimitsOnPostgreSQL, HangingClaimHoldsUpNobodyElse)
  {
    configuration_.limits = {{{"Store", ""}, 1}, {{"Move", ""}, 1}};
    Stores a = MakeStores();
    a.jobs.Submit(MakeJobOf("Store", "", "/store"));
    a.jobs.Submit(MakeJobOf("Modify", "", "/modify"));
    a.claims.Claim(0);
    Transaction hanging(GetDatabase(), AccessMode::ReadWrite);
    hanging.Query<std::string>("SELECT name FROM SharedJobLimits WHERE name = 'Store/' FOR UPDATE");
    a.jobs.Submit(MakeJobOf("Move", "", "/move"));
    const ClaimAnswer answer = a.claims.Claim(10);
    ASSERT_EQ(2u, answer.jobs.size());
    EXPECT_EQ("/modify", answer.jobs[0].request.uri);
    EXPECT_EQ("/move", answer.jobs[1].request.uri);
    EXPECT_TRUE(answer.isContended);
    hanging.Rollback();
    const ClaimAnswer rest = a.claims.Claim(10);
    ASSERT_EQ(1u, rest.jobs.size());
    EXPECT_FALSE(rest.isContended);
  }

  INSTANTIATE_TEST_SUITE_P(Engines, FlowLimitsOnPostgreSQL, testing::Values(Engine::PostgreSQL));
}
