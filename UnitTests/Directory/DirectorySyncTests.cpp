// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Directory/DirectoryFixture.h"

#include "Framework/Common/Json.h"
#include "Framework/Database/Retry.h"
#include "UnitTests/Directory/KeyFiles.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <iostream>
#include <random>
#include <thread>

namespace OrthancRegistry::Testing
{
  using Clock = std::chrono::steady_clock;

  // What reaches the other replicas
  class DirectorySyncTest : public DirectoryTest
  {
  protected:
    static Clock::duration Measure(const std::function<void()>& action)
    {
      const auto start = Clock::now();
      action();
      return Clock::now() - start;
    }
  };
  CONFORMANCE_SUITE(DirectorySyncTest);

  TEST_P(DirectorySyncTest, WhatIsCommittedIsThereAtTheNextRequest)
  {
    auto& a = AddReplica("a", false);
    auto& b = AddReplica("b", false);
    for (int i = 0; i < 20; i++)
    {
      a.Put("x", MakeModality("A" + std::to_string(i)));
      EXPECT_EQ(MakeModality("A" + std::to_string(i)), b.Get("x"));
    }
    a.Delete("x");
    EXPECT_TRUE(b.Get("x").isNull());
  }

  TEST_P(DirectorySyncTest, WithNothingNewACheckIsOneStatement)
  {
    auto& a = AddReplica("a", false);
    a.Put("x", MakeModality("A"));
    ASSERT_TRUE(a.GetSync().EnsureFresh());
    const size_t uses = a.GetDatabase().CountUses();
    const size_t puts = a.GetCore().CountPuts();
    ASSERT_TRUE(a.GetSync().EnsureFresh());
    EXPECT_EQ(uses + 1, a.GetDatabase().CountUses());
    EXPECT_EQ(puts, a.GetCore().CountPuts());

    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    transaction.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)");
    const uint64_t statements = transaction.GetStatistics().statements;
    DirectoryStore::GetVersions(transaction);
    EXPECT_EQ(statements + 1, transaction.GetStatistics().statements);
  }

  TEST_P(DirectorySyncTest, TheHeartbeatTellsOfLostMessages)
  {
    auto& a = AddReplica("a", false);
    auto& b = AddReplica("b", false);
    ASSERT_TRUE(b.GetSync().EnsureFresh());
    const auto readVersion = [&](DirectoryKind kind)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>("SELECT " +
                                             std::string(DirectoryStore::GetVersionQuestion(kind)));
    };
    const auto tell = [&]
    {
      for (const DirectoryKind kind : DIRECTORY_KINDS)
      {
        b.GetSync().OnVersion(kind, readVersion(kind));
      }
    };
    for (const DirectoryKind kind : DIRECTORY_KINDS)
    {
      a.Put("x", kind == MODALITIES ? MakeModality("A") : MakePeer("http://x/", "secret"), kind);
      EXPECT_TRUE(b.GetCore().Get(kind, "x").isNull());
      tell();
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return !b.GetCore().Get(kind, "x").isNull() &&
                   b.GetMirrorOf(kind).GetVersion() == readVersion(kind);
          }));
    }
    ASSERT_TRUE(b.GetSync().EnsureFresh());
    const size_t uses = b.GetDatabase().CountUses();
    tell();
    ASSERT_TRUE(b.GetSync().EnsureFresh());
    EXPECT_EQ(uses + 1, b.GetDatabase().CountUses());
  }

  TEST_P(DirectorySyncTest, TheBackgroundFollowsWithoutRequests)
  {
    auto& a = AddReplica("a");
    auto& b = AddReplica("b");
    ASSERT_TRUE(b.GetSync().EnsureFresh());
    std::vector<Clock::duration> times;
    for (int i = 0; i < 49; i++)
    {
      const Json::Value value = MakeModality("A" + std::to_string(i));
      a.GetCore().Put(MODALITIES, "x", value);
      times.push_back(Measure(
          [&]
          {
            ASSERT_TRUE(WaitUntil(
                [&]
                {
                  return b.GetCore().Get(MODALITIES, "x") == value;
                }));
          }));
    }
    std::sort(times.begin(), times.end());
    const auto toMicroseconds = [](Clock::duration time)
    {
      return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    };
    std::cout << "Change to another replica, in the background: median "
              << toMicroseconds(times[times.size() / 2]) << " us, maximum " << toMicroseconds(times.back())
              << " us\n";
    EXPECT_LT(times[times.size() / 2], std::chrono::milliseconds(200));
  }

  TEST_P(DirectorySyncTest, ADatabaseThatHangsCostsThePatienceOnce)
  {
    configuration_.patienceMilliseconds = 300;
    auto& a = AddReplica("a", false);
    ASSERT_TRUE(a.GetSync().EnsureFresh());
    a.GetCore().Put(MODALITIES, "x", MakeModality("A"));
    a.GetDatabase().SetFrozen(true);
    EXPECT_GE(Measure(
                  [&]
                  {
                    EXPECT_FALSE(a.GetSync().EnsureFresh());
                  }),
              std::chrono::milliseconds(290));
    EXPECT_LT(Measure(
                  [&]
                  {
                    EXPECT_FALSE(a.GetSync().EnsureFresh());
                  }),
              std::chrono::milliseconds(100));
    EXPECT_EQ(MakeModality("A"), a.Get("x"));
    a.GetDatabase().SetFrozen(false);
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return a.GetSync().EnsureFresh();
        }));
  }

  TEST_P(DirectorySyncTest, ManyRequestsShareAFewChecks)
  {
    auto& a = AddReplica("a", false);
    ASSERT_TRUE(a.GetSync().EnsureFresh());
    const size_t uses = a.GetDatabase().CountUses();
    a.GetDatabase().SetFrozen(true);
    constexpr int COUNT = 30;
    std::atomic<int> begun = 0;
    std::vector<std::jthread> requests;
    for (int i = 0; i < COUNT; i++)
    {
      requests.emplace_back(
          [&]
          {
            begun++;
            EXPECT_TRUE(a.GetSync().EnsureFresh());
          });
    }
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return begun == COUNT && a.GetDatabase().CountUses() > uses;
        }));
    a.GetDatabase().SetFrozen(false);
    requests.clear();
    EXPECT_LE(a.GetDatabase().CountUses(), uses + 10);
  }

  TEST_P(DirectorySyncTest, AnEntryThatTheCoreRefusesIsLeftOutAlone)
  {
    auto& a = AddReplica("a");
    a.Put("x", MakeModality("A"));
    Json::Value refused = MakeModality("B");
    refused["Manufacturer"] = FakeLists::REFUSED;
    WriteRow("x", refused);
    WriteRow("y", MakeModality("Y"));
    EXPECT_TRUE(a.Get("x").isNull()); // the former one would be wrong
    EXPECT_EQ(MakeModality("Y"), a.Get("y"));
    EXPECT_EQ(1, CountProblems("x"));
    const size_t puts = a.GetCore().CountPuts("y");
    a.Put("z", MakeModality("Z"));
    ASSERT_TRUE(a.GetSync().EnsureFresh());
    EXPECT_EQ(puts, a.GetCore().CountPuts("y"));
    EXPECT_EQ(2, GetRow("x").revision);

    auto& b = AddReplica("b"); // its core loads the others, and starts
    EXPECT_TRUE(b.Get("x").isNull());
    EXPECT_EQ(MakeModality("Y"), b.Get("y"));
    EXPECT_EQ(2, CountProblems("x"));

    b.Put("x", MakeModality("C"));
    EXPECT_EQ(MakeModality("C"), a.Get("x"));
    EXPECT_EQ(0, CountProblems("x"));
  }

  TEST_P(DirectorySyncTest, ARowThatIsNoJsonSpoilsNothing)
  {
    WriteRow("x", MakeModality("A"));
    WriteRow("y", MakeModality("Y"));
    RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                   [](Transaction& transaction)
                   {
                     transaction.Execute(
                         "UPDATE SharedModalities SET configuration = 'by hand' WHERE name = 'x'");
                   });
    auto& a = AddReplica("a");
    EXPECT_TRUE(a.Get("x").isNull());
    EXPECT_EQ(MakeModality("Y"), a.Get("y"));
    EXPECT_EQ(1, CountProblems("x"));
    a.Put("x", MakeModality("B"));
    EXPECT_EQ(MakeModality("B"), a.Get("x"));
    EXPECT_EQ(2, GetRow("x").revision);
    EXPECT_EQ(0, CountProblems("x"));
  }

  TEST_P(DirectorySyncTest, ACoreThatDropsMembersWritesNothingBack)
  {
    Json::Value value = MakeModality("NEW");
    value[FakeLists::NOT_IN_THIS_VERSION] = true;
    WriteRow("early", value);
    auto& a = AddReplica("a");
    EXPECT_EQ(MakeModality("NEW"), a.Get("early"));
    WriteRow("late", value);
    EXPECT_EQ(MakeModality("NEW"), a.Get("late"));
    a.Put("other", MakeModality("O"));
    ASSERT_TRUE(a.GetSync().EnsureFresh()); // the turn that "other" has started has ended
    const size_t puts = a.GetCore().CountPuts();
    ASSERT_TRUE(a.GetSync().EnsureFresh());
    EXPECT_EQ(puts, a.GetCore().CountPuts()) << "must not go on applying";
    for (const auto& name : {"early", "late"})
    {
      EXPECT_EQ(1, GetRow(name).revision);
      EXPECT_NE(std::string::npos, GetRow(name).value->configuration.find(FakeLists::NOT_IN_THIS_VERSION));
    }
    EXPECT_EQ(3, CountHistory());
  }

  TEST_P(DirectorySyncTest, AStartServesWhatIsSure)
  {
    WriteRow("sure", MakeModality("A"));
    Json::Value strange = MakeModality("B");
    strange["Unheard"] = 5;
    WriteRow("strange", strange);
    replicas_.push_back(std::make_unique<DirectoryReplica>(*database_, "a", configuration_));
    DirectoryReplica& a = *replicas_.back();
    a.GetCore().Load();
    EXPECT_EQ(std::set<std::string>{"sure"}, a.GetCore().GetNames(MODALITIES));
    EXPECT_EQ(strange, a.Get("strange")); // EnsureFresh() starts the synchronization
    EXPECT_EQ(MakeModality("A"), a.Get("sure"));
    EXPECT_EQ(0, CountProblems("strange"));
  }

  TEST_P(DirectorySyncTest, NothingIsDoneBeforeTheCoreHasLoadedItsLists)
  {
    WriteRow("x", MakeModality("A"));
    replicas_.push_back(std::make_unique<DirectoryReplica>(*database_, "a", configuration_));
    EXPECT_FALSE(replicas_.back()->GetSync().EnsureFresh());
    EXPECT_EQ(0u, replicas_.back()->GetCore().CountPuts());
  }

  TEST_P(DirectorySyncTest, APeerWhoseKeyIsNotHereIsLeftOut)
  {
    KeyFiles files;
    const std::string key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    auto withKey = configuration_;
    withKey.keyFile = files.Write(key);
    const auto without = configuration_;
    configuration_ = withKey;
    auto& a = AddReplica("a");
    a.Put("p", MakePeer("https://host/", "secret"), PEERS);
    configuration_ = without;
    auto& b = AddReplica("b");
    EXPECT_TRUE(b.Get("p", PEERS).isNull());
    EXPECT_EQ(1, CountProblems("p"));
    b.Put("q", MakePeer("https://other/", "clear"), PEERS);
    EXPECT_EQ(MakePeer("https://host/", "secret"), a.Get("p", PEERS));
    EXPECT_EQ(MakePeer("https://other/", "clear"), a.Get("q", PEERS));
    b.Put("p", MakePeer("https://host/", "new"), PEERS);
    EXPECT_EQ(MakePeer("https://host/", "new"), a.Get("p", PEERS));
    EXPECT_EQ(0, CountProblems("p"));
  }

  TEST_P(DirectorySyncTest, AfterARestartTheListIsThere)
  {
    AddReplica("a").Put("x", MakeModality("A"));
    replicas_.clear();
    auto& a = AddReplica("a");
    EXPECT_EQ(MakeModality("A"), a.GetCore().Get(MODALITIES, "x"));
    a.Put("x", MakeModality("B"));
    EXPECT_EQ(2, GetRow("x").revision);
  }

  // Writers at all replicas, with failing saves in between: in the end all are alike, and each entry is what
  // was written last.
  TEST_P(DirectorySyncTest, ManyWritersAtAllReplicas)
  {
    constexpr int REPLICAS = 3;
    constexpr int WRITERS = 6;
    constexpr int WRITES = 40;
    for (int i = 0; i < REPLICAS; i++)
    {
      AddReplica("r" + std::to_string(i)).GetCore().SetMaximumRetries(20);
    }
    std::array<std::map<std::string, Json::Value>, WRITERS> last; // each writer has entries of its own
    std::atomic<int> failures = 0;
    std::atomic<unsigned int> saves = 0;
    for (const auto& replica : replicas_)
    {
      replica->GetCore().BeforeCommit(
          [&saves]
          {
            const unsigned int number = saves++;
            if (number % 7 == 3)
            {
              throw RetryableError("By order of the test");
            }
            if (number % 11 == 5)
            {
              throw StatementError("By order of the test");
            }
          });
    }
    std::vector<std::jthread> writers;
    for (int w = 0; w < WRITERS; w++)
    {
      writers.emplace_back(
          [&, w]
          {
            std::minstd_rand random(static_cast<unsigned int>(w) + 1);
            for (int i = 0; i < WRITES; i++)
            {
              const std::string name = "w" + std::to_string(w) + "-" + std::to_string(random() % 5);
              DirectoryReplica& replica = *replicas_[random() % REPLICAS];
              const Json::Value value =
                  random() % 4 == 0 ? Json::Value() : MakeModality("A" + std::to_string(i));
              try
              {
                if (value.isNull())
                {
                  replica.Delete(name);
                }
                else
                {
                  replica.Put(name, value);
                }
                last[static_cast<size_t>(w)][name] = value;
              }
              catch (const RegistryError& error)
              {
                failures += error.GetCode() == ErrorCode::InexistentItem ? 0 : 1;
              }
            }
          });
    }
    writers.clear();
    for (const auto& replica : replicas_)
    {
      replica->GetCore().BeforeCommit({});
    }
    EXPECT_GT(failures, 0);

    Json::Value expected(Json::objectValue);
    for (const auto& ofWriter : last)
    {
      for (const auto& [name, value] : ofWriter)
      {
        if (!value.isNull())
        {
          expected[name] = value;
        }
      }
    }
    for (const auto& replica : replicas_)
    {
      ASSERT_TRUE(replica->GetSync().EnsureFresh());
      EXPECT_EQ(WriteStyledJson(expected), WriteStyledJson(replica->GetCore().GetAll(MODALITIES)));
    }
    for (const std::string& name : expected.getMemberNames())
    {
      EXPECT_TRUE(GetRow(name).value) << name;
    }
  }

  // The core changes its lists while it tells that it is about to stop: whoever is told must not wait.
  TEST_P(DirectorySyncTest, QuitsWithoutWaitingForTheCore)
  {
    DirectoryReplica& a = AddReplica("a");
    DirectoryReplica& b = AddReplica("b");
    std::promise<void> isChanging;
    std::promise<void> hasStopped;
    b.GetCore().BeforeCommit(
        [&]
        {
          isChanging.set_value();
          hasStopped.get_future().wait();
        });
    a.Put("first", MakeModality("FIRST"));
    b.GetSync().Wake();
    isChanging.get_future().wait();
    auto quit = std::async(std::launch::async,
                           [&]
                           {
                             b.GetSync().Quit();
                           });
    EXPECT_EQ(std::future_status::ready, quit.wait_for(std::chrono::seconds(10)));
    EXPECT_FALSE(b.GetSync().EnsureFresh());
    hasStopped.set_value();
    b.GetSync().Stop();
    EXPECT_EQ(1u, b.GetCore().CountPuts());
  }
}
