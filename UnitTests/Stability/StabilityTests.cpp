// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Stability/StabilityCluster.h"

#include <iostream>

namespace OrthancRegistry::Testing
{
  using namespace std::chrono_literals;
  using Clock = std::chrono::steady_clock;

  // Replicas on one index, with a StableAge of one second
  class StabilityTest : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Index");
      database_->Migrate("Messages");
      database_->Migrate("Stability");
      configuration_.ageSeconds = 1;
    }

    void TearDown() override
    {
      for (const auto& replica : replicas_)
      {
        replica->Get().Stop();
      }
      replicas_.clear();
    }

    StabilityReplica& AddReplica(std::chrono::milliseconds timer = 2100ms, bool isNewCore = true)
    {
      replicas_.push_back(std::make_unique<StabilityReplica>(*database_, configuration_, timer, isNewCore));
      replicas_.back()->Get().Start();
      return *replicas_.back();
    }

    void AddReplicas(size_t count)
    {
      while (count-- > 0)
      {
        AddReplica();
      }
    }

    template <typename Column, typename... Arguments>
    Column QueryValue(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<Column>(sql, arguments...);
    }

    int64_t CountLogged(const std::string& publicId)
    {
      return QueryValue<int64_t>("SELECT COUNT(*) FROM Changes c JOIN Resources r ON r.internalId = "
                                 "c.internalId WHERE r.publicId = $1 AND c.changeType BETWEEN 12 AND 14",
                                 publicId);
    }

    int64_t CountUnstable()
    {
      return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedUnstable");
    }

    size_t CountEvents(const std::string& publicId)
    {
      size_t count = 0;
      for (const auto& replica : replicas_)
      {
        count += replica->GetCore().CountEvents(publicId);
      }
      return count;
    }

    bool AreAll(bool isStable, const std::string& publicId)
    {
      return std::ranges::all_of(replicas_,
                                 [&](const auto& replica)
                                 {
                                   return replica->GetCore().IsStable(publicId) == isStable;
                                 });
    }

    // Waits until all is stable, and then as long as the timer of a core could still end.
    void WaitForQuiet()
    {
      ASSERT_TRUE(WaitUntil(
          [this]
          {
            return CountUnstable() == 0 && AreAll(true, "patient") && AreAll(true, "study") &&
                   AreAll(true, "series");
          }));
      const auto end = Clock::now() + 2500ms;
      ASSERT_FALSE(WaitUntil(
          [&]
          {
            return CountUnstable() != 0;
          },
          std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now())));
    }

    void ExpectOnce(int64_t logged = 1, size_t events = 1)
    {
      for (const std::string publicId : {"patient", "study", "series"})
      {
        EXPECT_EQ(CountLogged(publicId), logged) << publicId;
        EXPECT_EQ(CountEvents(publicId), events) << publicId;
      }
    }

    StabilityCore& GetCore(size_t index)
    {
      return replicas_.at(index)->GetCore();
    }

    StabilityConfiguration configuration_;
    std::vector<std::unique_ptr<StabilityReplica>> replicas_;
  };

  CONFORMANCE_SUITE(StabilityTest);

  TEST_P(StabilityTest, AStudySentToThreeReplicasBecomesStableOnce)
  {
    AddReplicas(3);
    Clock::time_point last;
    for (int i = 0; i < 20; i++)
    {
      last = Clock::now();
      GetCore(i % 3).Store({.instance = "i" + std::to_string(i)});
      if (i == 0)
      {
        EXPECT_TRUE(WaitUntil(
            [this]
            {
              return AreAll(false, "study") && AreAll(false, "patient") && AreAll(false, "series");
            }));
      }
      std::this_thread::sleep_for(100ms); // longer in all than StableAge
      EXPECT_EQ(CountLogged("study"), 0);
      EXPECT_TRUE(AreAll(false, "study")) << i;
    }
    ASSERT_TRUE(WaitUntil(
        [this]
        {
          return CountLogged("study") == 1;
        }));
    EXPECT_GE(Clock::now() - last, 1000ms);
    EXPECT_LE(Clock::now() - last, 4000ms);
    WaitForQuiet();
    ExpectOnce();

    GetCore(1).Store({.instance = "later"});
    WaitForQuiet();
    ExpectOnce(2, 2);
  }

  TEST_P(StabilityTest, ThreeReplicasThatStoreAtTheSameTime)
  {
    AddReplicas(3);
    {
      std::vector<std::jthread> threads;
      for (size_t replica = 0; replica < 3; replica++)
      {
        threads.emplace_back(
            [this, replica]
            {
              for (int i = 0; i < 20; i++)
              {
                GetCore(replica).Store({.instance = std::to_string(replica) + "-" + std::to_string(i)});
              }
            });
      }
    }
    WaitForQuiet();
    ExpectOnce();
  }

  TEST_P(StabilityTest, TheReceivingReplicaIsKilled)
  {
    AddReplicas(3);
    GetCore(0).Store({.instance = "1"});
    GetCore(0).Store({.instance = "2"});
    replicas_[0]->Kill();
    replicas_.erase(replicas_.begin());
    WaitForQuiet();
    ExpectOnce();
  }

  // The first heartbeat tells the others that there is something.
  TEST_P(StabilityTest, TheReceivingReplicaIsKilledBeforeItHasToldTheOthers)
  {
    StabilityReplica& other = AddReplica();
    other.GetTracker().SetIdlePeriod(1h);
    other.GetTracker().RequestReload();
    const std::string question = "SELECT " + std::string(UnstableTable::GetQuestion());
    EXPECT_FALSE(QueryValue<std::optional<int64_t>>(question));
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return !other.GetTracker().IsReloadDue();
        }));
    {
      StabilityReplica receiver(*database_, configuration_, 2100ms, true); // not started: it tells nobody
      receiver.GetCore().Store({.instance = "i"});
      receiver.Kill();
    }
    EXPECT_TRUE(QueryValue<std::optional<int64_t>>(question));
    other.GetTracker().OnAnyUnstable();
    WaitForQuiet();
    ExpectOnce();
  }

  TEST_P(StabilityTest, AllAreRestarted)
  {
    AddReplicas(2);
    GetCore(0).Store({.instance = "1"});
    replicas_[0]->Kill();
    replicas_[1]->Kill();
    replicas_.clear();
    AddReplicas(2);
    EXPECT_TRUE(WaitUntil(
        [this]
        {
          return AreAll(false, "study") || CountLogged("study") == 1;
        }));
    WaitForQuiet();
    ExpectOnce();
  }

  TEST_P(StabilityTest, TimersThatEndBeforeTheReplicasAct)
  {
    AddReplica(1300ms);
    AddReplica(1300ms);
    GetCore(0).SetTimer(1300ms);
    GetCore(0).Store({.instance = "1"});
    GetCore(1).Store({.instance = "2"});
    WaitForQuiet();
    for (const std::string publicId : {"patient", "study", "series"})
    {
      EXPECT_EQ(CountLogged(publicId), 1) << publicId;
    }
  }

  TEST_P(StabilityTest, ATimerThatKnowsNothingOfTheOthersLogsNothing)
  {
    StabilityReplica& early = AddReplica(200ms, false); // cannot be told
    AddReplica();
    early.GetCore().Store({.instance = "1"});
    const auto begin = Clock::now();
    for (int i = 0; Clock::now() - begin < 1500ms; i++)
    {
      GetCore(1).Store({.instance = "other" + std::to_string(i)});
      EXPECT_EQ(CountLogged("study"), 0);
      std::this_thread::sleep_for(50ms);
    }
    WaitForQuiet();
    for (const std::string publicId : {"patient", "study", "series"})
    {
      EXPECT_EQ(CountLogged(publicId), 1) << publicId;
      EXPECT_EQ(GetCore(1).CountEvents(publicId), 1u) << publicId;
    }
  }

  TEST_P(StabilityTest, OldCoresLogOnceWithTheirOwnTimers)
  {
    AddReplica(2100ms, false);
    AddReplica(2200ms, false);
    for (int i = 0; i < 4; i++)
    {
      GetCore(i % 2).Store({.instance = std::to_string(i)});
    }
    WaitForQuiet();
    for (const std::string publicId : {"patient", "study", "series"})
    {
      EXPECT_EQ(CountLogged(publicId), 1) << publicId;
    }
    const size_t events = CountEvents("study");
    EXPECT_GE(events, 1u);

    // The timers are known from now on
    GetCore(0).Store({.instance = "later 1"});
    GetCore(1).Store({.instance = "later 2"});
    WaitForQuiet();
    EXPECT_EQ(CountLogged("study"), 2);
    EXPECT_EQ(CountEvents("study"), events + 1);
  }

  TEST_P(StabilityTest, AnOldCoreThatIsKilledIsStoodInFor)
  {
    AddReplica(2100ms, false);
    AddReplica(2100ms, false);
    GetCore(0).Store({.instance = "1"});
    replicas_[0]->Kill();
    replicas_.erase(replicas_.begin());
    WaitForQuiet();
    ExpectOnce(1, 0);
  }

  TEST_P(StabilityTest, AStatusThatIsForcedIsHonoured)
  {
    configuration_.ageSeconds = 60;
    AddReplica(60s);
    AddReplica(60s);
    GetCore(0).Store({.instance = "1"});
    ASSERT_TRUE(WaitUntil(
        [this]
        {
          return AreAll(false, "study");
        }));
    EXPECT_TRUE(GetCore(1).SetStable("study", true));
    EXPECT_EQ(CountLogged("study"), 1);
    EXPECT_EQ(CountEvents("study"), 1u);
    EXPECT_TRUE(WaitUntil(
        [this]
        {
          return AreAll(true, "study");
        }));
    EXPECT_TRUE(AreAll(false, "series"));
    EXPECT_EQ(CountLogged("study"), 1);
    EXPECT_EQ(CountEvents("study"), 1u);
    EXPECT_EQ(CountUnstable(), 2);
  }

  TEST_P(StabilityTest, AStatusThatIsForcedToUnstableEndsWithTheTimerOfThatCore)
  {
    AddReplicas(2);
    GetCore(0).Store({.instance = "1"});
    WaitForQuiet();
    std::this_thread::sleep_for(3s);
    EXPECT_TRUE(GetCore(1).SetStable("study", false));
    EXPECT_TRUE(WaitUntil(
        [this]
        {
          return CountLogged("study") == 2 && CountEvents("study") == 2;
        }));
    EXPECT_EQ(CountLogged("series"), 1);
  }

  TEST_P(StabilityTest, DeletedResourcesAreForgotten)
  {
    AddReplicas(2);
    GetCore(0).Store({.instance = "1"});
    GetCore(1).Delete("patient");
    WaitForQuiet();
    ExpectOnce(0, 0);

    // Deleted and stored again: another resource of the same name
    GetCore(0).Store({.instance = "1"});
    GetCore(0).Delete("patient");
    GetCore(1).Store({.instance = "1"});
    WaitForQuiet();
    ExpectOnce();
  }

  TEST_P(StabilityTest, AnIngestThatIsRolledBackLeavesNothing)
  {
    AddReplicas(2);
    GetCore(0).Store({.instance = "1"}, false);
    EXPECT_EQ(CountUnstable(), 0);
    GetCore(0).Store({.instance = "1"});
    EXPECT_EQ(CountUnstable(), 3);
    WaitForQuiet();
    ExpectOnce();
  }

  TEST_P(StabilityTest, ManyStudiesAtOnce)
  {
    constexpr int COUNT = 60;
    AddReplicas(3);
    for (int i = 0; i < COUNT; i++)
    {
      const std::string name = std::to_string(i);
      GetCore(i % 3).Store({"p" + name, "st" + name, "se" + name, "i" + name});
    }
    ASSERT_TRUE(WaitUntil(
        [this]
        {
          return CountUnstable() == 0;
        },
        60s));
    for (int i = 0; i < COUNT; i++)
    {
      const std::string name = std::to_string(i);
      for (const std::string& publicId : {"p" + name, "st" + name, "se" + name})
      {
        EXPECT_EQ(CountLogged(publicId), 1) << publicId;
        EXPECT_EQ(CountEvents(publicId), 1u) << publicId;
        EXPECT_TRUE(WaitUntil(
            [&]
            {
              return AreAll(true, publicId);
            }));
      }
    }
  }

  TEST_P(StabilityTest, TheNextInstancesCostNoStatementOfTheirOwn)
  {
    configuration_.ageSeconds = 60;
    AddReplica(60s);
    const auto first = GetCore(0).Store({.instance = "1"});
    const auto next = GetCore(0).Store({.instance = "2"});
    std::cout << "First instance: " << first.statements << " statements, " << first.roundTrips
              << " round trips; next one: " << next.statements << ", " << next.roundTrips << std::endl;
    if (GetParam() == Engine::PostgreSQL)
    {
      EXPECT_EQ(first.statements, next.statements + 1);
    }
    EXPECT_EQ(CountUnstable(), 3);
  }

  TEST_P(StabilityTest, WhoFindsAStudyAtAnotherReplicaSeesThatItIsUnstable)
  {
    configuration_.ageSeconds = 60;
    AddReplica(60s);
    AddReplica(60s);
    // Each of these follows the other within the time in which a replica tells the others once
    for (const char* const name : {"1", "2", "3", "4"})
    {
      GetCore(0).Store({.study = name,
                        .series = std::string("series of ") + name,
                        .instance = std::string("instance of ") + name});
      const auto cost = GetCore(1).Find(name);
      EXPECT_FALSE(GetCore(1).IsStable(name)) << name;
      EXPECT_EQ(cost.statements, 2u);
      if (GetParam() == Engine::PostgreSQL)
      {
        EXPECT_EQ(cost.roundTrips, 1u);
      }
    }
  }

  // The core is told by public id, and finds what has that id now
  TEST_P(StabilityTest, WhatIsStoredAgainAfterItsDeletionIsUnstableAtAnotherReplica)
  {
    configuration_.ageSeconds = 60;
    AddReplica(60s);
    AddReplica(60s);
    GetCore(0).Store({.instance = "1"});
    GetCore(1).Find("study");
    const auto former = QueryValue<int64_t>("SELECT internalId FROM Resources WHERE publicId = 'study'");
    StabilityTracker& tracker = replicas_.at(1)->GetTracker();
    ASSERT_TRUE(tracker.IsUnstable(former));

    GetCore(0).Delete("patient");
    GetCore(0).Store({.instance = "1"});
    GetCore(1).Find("study");
    EXPECT_FALSE(GetCore(1).IsStable("study"));
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      UnstableTable::Claim(transaction, 0us, 0); // forgets what has been deleted
      transaction.Commit();
    }
    tracker.RequestReload();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return !tracker.IsUnstable(former);
        }));
    EXPECT_FALSE(WaitUntil(
        [this]
        {
          return GetCore(1).IsStable("study");
        },
        1s));
  }

  TEST_P(StabilityTest, AnIdleReplicaHardlyUsesTheDatabase)
  {
    StabilityReplica& replica = AddReplica();
    std::this_thread::sleep_for(300ms);
    const size_t before = replica.GetDatabase().CountUses();
    std::this_thread::sleep_for(5s);
    EXPECT_LE(replica.GetDatabase().CountUses() - before, 1u);
    EXPECT_EQ(replica.GetCore().CountCalls(), 0u);
  }
}
