// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ClusterStatistics.h"

#include "UnitTests/Jobs/TestCluster.h"
#include "UnitTests/Jobs/TestJobs.h"

#include <cstdio>

namespace OrthancRegistry::Testing
{
  class ClusterStatisticsTest : public ClusterTest
  {
  protected:
    void Execute(std::string_view sql)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql);
      transaction.Commit();
    }

    Json::Value GetStatistics()
    {
      return ClusterStatistics(configuration_, GetDatabase()).GetStatistics();
    }

    void AddRow(const std::string& name, int64_t silentMilliseconds, int draining = 0)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(
          "INSERT INTO SharedReplicas(incarnation, serverIdentifier, name, version, startedAt,"
          " heartbeatAt, leaseMicroseconds, capacity, running, draining)"
          " VALUES ($1, $2, $3, '1.13.0', 1000000, SharedNow() - $4, 15000000, 4, 1, $5)",
          "incarnation of " + name, "identifier of " + name, name, 1000 * silentMilliseconds, draining);
      transaction.Commit();
    }
  };

  TEST_P(ClusterStatisticsTest, Replicas)
  {
    configuration_.heartbeatMilliseconds = 2000;
    AddRow("alive", 0);
    AddRow("draining", 0, 1);
    AddRow("late", 6000);
    AddRow("lost", 16000);
    const Json::Value replicas = ClusterStatistics(configuration_, GetDatabase()).GetReplicas();
    ASSERT_EQ(4u, replicas.size());
    for (const auto& [index, name, state] : {std::tuple{0, "alive", "Alive"},
                                             {1, "draining", "Draining"},
                                             {2, "late", "Late"},
                                             {3, "lost", "Lost"}})
    {
      EXPECT_EQ(name, replicas[index]["Name"].asString());
      EXPECT_EQ(state, replicas[index]["State"].asString());
    }
    const Json::Value& late = replicas[2];
    EXPECT_EQ("identifier of late", late["Identifier"].asString());
    EXPECT_EQ("incarnation of late", late["Incarnation"].asString());
    EXPECT_EQ("1.13.0", late["Version"].asString());
    EXPECT_EQ("19700101T000001", late["Started"].asString());
    EXPECT_TRUE(ParseTimestamp(late["LastHeartbeat"].asString()));
    EXPECT_GE(late["SecondsSinceHeartbeat"].asDouble(), 6);
    EXPECT_LT(late["SecondsSinceHeartbeat"].asDouble(), 12);
    EXPECT_EQ(4, late["Capacity"].asInt());
    EXPECT_EQ(1, late["Running"].asInt());
    EXPECT_EQ(2, GetStatistics()["ReplicasAlive"].asInt());
    EXPECT_EQ(8, GetStatistics()["Capacity"].asInt());
  }

  TEST_P(ClusterStatisticsTest, ReplicasOfARealCluster)
  {
    configuration_.leaseSeconds = 10;
    AddReplica("a");
    TestReplica& b = AddReplica("b");
    const auto count = [&b](const std::string& state)
    {
      int found = 0;
      for (const Json::Value& replica : b.Get().GetStatistics().GetReplicas())
      {
        found += replica["State"].asString() == state ? 1 : 0;
      }
      return found;
    };
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return count("Alive") == 2;
        }));
    replicas_[0]->Kill();
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return count("Late") == 1;
        }));
  }

  TEST_P(ClusterStatisticsTest, Empty)
  {
    const Json::Value statistics = GetStatistics();
    EXPECT_EQ(0, statistics["Total"].asInt());
    EXPECT_EQ(6u, statistics["ByState"].size());
    EXPECT_EQ(Json::Value(Json::objectValue), statistics["ByType"]);
    EXPECT_TRUE(statistics["OldestWaiting"].isNull());
    EXPECT_EQ(0, statistics["Ended"]["LastHour"]["Failure"].asInt());
    EXPECT_EQ(0, statistics["PutOff"].asInt());
    EXPECT_EQ(0, statistics["ReplicasAlive"].asInt());
  }

  TEST_P(ClusterStatisticsTest, Jobs)
  {
    const auto now = QueryValue<int64_t>("SELECT SharedNow()");
    constexpr int64_t SECOND = 1000000;
    std::vector<TestJob> jobs(9);
    jobs[0].isPutOff = true; // waits for its time
    jobs[0].created = now - 5000 * SECOND;
    jobs[1].origin = JobOrigin::Local; // waits in a core
    jobs[1].created = now - 5000 * SECOND;
    jobs[2].created = now - 90 * SECOND;
    jobs[3].created = now - 80 * SECOND;
    jobs[4].state = JobState::Running;
    for (size_t i = 5; i < 8; i++)
    {
      jobs[i].state = JobState::Success;
      jobs[i].type = "Media";
      jobs[i].completed = now - std::vector<int64_t>{30, 90, 4000}[i - 5] * SECOND;
    }
    jobs[8].state = JobState::Failure;
    jobs[8].completed = now - 30 * SECOND;
    const auto ids = InsertJobs(GetDatabase(), jobs);
    const Json::Value statistics = GetStatistics();
    EXPECT_EQ(9, statistics["Total"].asInt());
    EXPECT_EQ(4, statistics["ByState"]["Pending"].asInt());
    EXPECT_EQ(1, statistics["ByState"]["Running"].asInt());
    EXPECT_EQ(3, statistics["ByState"]["Success"].asInt());
    EXPECT_EQ(1, statistics["ByState"]["Failure"].asInt());
    EXPECT_EQ(0, statistics["ByState"]["Paused"].asInt());
    EXPECT_EQ(3, statistics["ByType"]["Media"]["Success"].asInt());
    EXPECT_EQ(4, statistics["ByType"]["ResourceModification"]["Pending"].asInt());
    EXPECT_EQ(ids[2], statistics["OldestWaiting"]["ID"].asString());
    EXPECT_GE(statistics["OldestWaiting"]["Seconds"].asDouble(), 90);
    EXPECT_LT(statistics["OldestWaiting"]["Seconds"].asDouble(), 100);
    EXPECT_EQ(1, statistics["PutOff"].asInt());
    EXPECT_EQ(1, statistics["Ended"]["LastMinute"]["Success"].asInt());
    EXPECT_EQ(2, statistics["Ended"]["LastHour"]["Success"].asInt());
    EXPECT_EQ(1, statistics["Ended"]["LastMinute"]["Failure"].asInt());
    EXPECT_TRUE(ParseTimestamp(statistics["Timestamp"].asString()));
  }

  TEST_P(ClusterStatisticsTest, CountedOnceForAll)
  {
    GatedDatabase database(database_->Connect());
    ClusterStatistics statistics(configuration_, database);
    const auto start = std::chrono::steady_clock::now();
    const Json::Value first = statistics.GetStatistics();
    InsertJob(GetDatabase(), TestJob());
    const Json::Value second = statistics.GetStatistics();
    if (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(900))
    {
      EXPECT_EQ(first, second);
      EXPECT_EQ(1u, database.CountUses());
    }
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return statistics.GetStatistics()["Total"].asInt() == 1;
        }));
  }

  CONFORMANCE_SUITE(ClusterStatisticsTest);

  TEST(ClusterStatisticsCost, ManyJobs)
  {
    constexpr int64_t COUNT = 100000;
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Jobs");
    InsertManyJobs(database->Get(), COUNT);
    double fastest = 1e9;
    for (int i = 0; i < 5; i++)
    {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_EQ(COUNT, ClusterStatistics({}, database->Get()).GetStatistics()["Total"].asInt64());
      const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
      fastest = std::min(fastest, time.count());
    }
    std::printf("Statistics of %lld jobs: %.1f ms\n", static_cast<long long>(COUNT), fastest);
    RecordProperty("microseconds", static_cast<int>(1000 * fastest));
  }
}
