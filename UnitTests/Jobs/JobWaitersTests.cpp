// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobWaiters.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobMessages.h"
#include "UnitTests/Jobs/TestCluster.h"
#include "UnitTests/Jobs/TestJobs.h"

#include <array>
#include <atomic>
#include <future>
#include <mutex>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr auto NOW = []
    {
      return JobWaiters::Clock::now();
    };

    const auto LATER = std::chrono::seconds(20);

    std::vector<std::string_view> Parse(std::string_view message)
    {
      std::vector<std::string_view> ids;
      EXPECT_TRUE(ParseChanges(message, ids)) << message;
      return ids;
    }

    std::future<WaitResult> Wait(TestReplica& replica, const std::string& id, std::optional<int64_t> revision,
                                 int seconds = 20)
    {
      return std::async(std::launch::async,
                        [&replica, id, revision, seconds]
                        {
                          return replica.Get().WaitForChange(id, revision, std::chrono::seconds(seconds));
                        });
    }
  }

  TEST(JobMessages, Parsed)
  {
    std::vector<std::string_view> ids;
    EXPECT_TRUE(Parse("").empty());
    EXPECT_TRUE(Parse("changed").empty());
    EXPECT_EQ(std::vector<std::string_view>{"a"}, Parse("changed:a"));
    EXPECT_EQ((std::vector<std::string_view>{"a", "bc"}), Parse("changed:a,bc"));
    for (const char* other : {"jobs", "find:a", "changedx", "change"})
    {
      EXPECT_FALSE(ParseChanges(other, ids)) << other;
    }
  }

  TEST(JobWaiters, WokenByTheirMessagesOnly)
  {
    JobWaiters waiters(2);
    const auto a = waiters.TryAdd("a");
    const auto b = waiters.TryAdd("b");
    waiters.OnMessage("changed:x,a");
    waiters.OnMessage("jobs");
    EXPECT_TRUE(a->Wait(NOW() + LATER));
    EXPECT_FALSE(a->Wait(NOW())); // once
    EXPECT_FALSE(b->Wait(NOW()));
    for (const char* all : {"", "changed"})
    {
      waiters.OnMessage(all);
      EXPECT_TRUE(a->Wait(NOW() + LATER));
      EXPECT_TRUE(b->Wait(NOW() + LATER));
    }
  }

  TEST(JobWaiters, Bounded)
  {
    JobWaiters waiters(2);
    auto first = waiters.TryAdd("a");
    const auto second = waiters.TryAdd("a");
    EXPECT_EQ(nullptr, waiters.TryAdd("b"));
    EXPECT_NE(nullptr, waiters.Add("b"));
    first.reset();
    EXPECT_NE(nullptr, waiters.TryAdd("b"));
    EXPECT_EQ(nullptr, JobWaiters(0).TryAdd("a"));
  }

  TEST(JobWaiters, SentAway)
  {
    JobWaiters waiters(2);
    const auto waiter = waiters.TryAdd("a");
    auto waiting = std::async(std::launch::async,
                              [&waiter]
                              {
                                return waiter->Wait(NOW() + LATER);
                              });
    waiters.SetClosed(true);
    EXPECT_FALSE(waiting.get());
    EXPECT_FALSE(waiter->Wait(NOW() + LATER));
    EXPECT_EQ(nullptr, waiters.TryAdd("a"));
    waiters.SetClosed(false);
    EXPECT_NE(nullptr, waiters.TryAdd("a"));
  }

  class JobWaiting : public ClusterTest
  {
  protected:
    int64_t ReadRevision(const std::string& id)
    {
      return QueryValue<int64_t>("SELECT revision FROM SharedJobs WHERE id = $1", id);
    }
  };

  TEST_P(JobWaiting, EachChangeIsSeenFromAnotherReplica)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false); // claims nothing
    const std::string id = b.Submit(MakeJob("/x"));
    auto result = Wait(b, id, 1).get();
    EXPECT_EQ(JobState::Running, result.job->state);
    const std::string core = a.GetCore().WaitForSubmission("/x");
    while (result.job->localId.empty())
    {
      result = Wait(b, id, result.job->revision).get();
    }
    EXPECT_EQ(core, result.job->localId);
    const auto start = std::chrono::steady_clock::now();
    a.GetCore().Change(core,
                       [](CoreJob& job)
                       {
                         job.state = JobState::Success;
                       });
    result = Wait(b, core, result.job->revision).get(); // by the id of the run
    EXPECT_EQ(JobState::Success, result.job->state);
    EXPECT_EQ(id, result.job->id);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4)); // not by the safety re-read
  }

  TEST_P(JobWaiting, AtOnceIfNewerAlreadyOrUnknown)
  {
    TestReplica& a = AddReplica("a", false);
    const std::string id = InsertJob(GetDatabase(), TestJob());
    EXPECT_EQ(1, Wait(a, id, 0).get().job->revision);
    EXPECT_FALSE(Wait(a, GenerateUuid(), 0).get().job);
  }

  TEST_P(JobWaiting, AsItIsWhenTheTimeIsOver)
  {
    TestReplica& a = AddReplica("a", false);
    const std::string id = InsertJob(GetDatabase(), TestJob());
    const auto start = std::chrono::steady_clock::now();
    const auto result = Wait(a, id, std::nullopt, 1).get();
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    EXPECT_EQ(1, result.job->revision);
    EXPECT_FALSE(result.isBusy);
  }

  // The heart of it: whoever waits uses no database, whatever happens to other jobs.
  TEST_P(JobWaiting, UsesNoDatabaseMeanwhile)
  {
    configuration_.heartbeatMilliseconds = 100000;
    configuration_.leaseSeconds = 1000;
    TestReplica& a = AddReplica("a", false);
    const std::string id = InsertJob(GetDatabase(), TestJob());
    const auto bus = database_->CreateBus();
    const auto announce = [&](const std::string& changed)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute("UPDATE SharedJobs SET revision = revision + 1 WHERE id = $1", changed);
      PublishChanges(*bus, transaction, {changed});
      transaction.Commit();
    };
    // Until the bus of the replica delivers messages, and has told that earlier ones may have been lost: only
    // then the probe reads more often than once.
    const std::string other = InsertJob(GetDatabase(), TestJob());
    const size_t unprobed = a.GetDatabase().CountUses();
    auto probe = Wait(a, other, 1000000);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          announce(other);
          return a.GetDatabase().CountUses() >= unprobed + 3;
        }));
    RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.Execute("UPDATE SharedJobs SET revision = 1000000 WHERE id = $1", other);
                   });
    announce(other);
    EXPECT_EQ(1000001, probe.get().job->revision);
    const size_t before = a.GetDatabase().CountUses();
    auto first = Wait(a, id, 1);
    auto second = Wait(a, id, 1);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetDatabase().CountUses() >= before + 2;
        }));
    for (int i = 0; i < 200; i++)
    {
      announce("another job " + std::to_string(i));
    }
    announce(id);
    EXPECT_EQ(2, first.get().job->revision);
    EXPECT_EQ(2, second.get().job->revision);
    EXPECT_LE(a.GetDatabase().CountUses(), before + 4); // once when registered, once when woken
  }

  TEST_P(JobWaiting, TooManyAreAnsweredAtOnce)
  {
    configuration_.maximumWaiters = 1;
    configuration_.heartbeatMilliseconds = 100000;
    configuration_.leaseSeconds = 1000;
    TestReplica& a = AddReplica("a", false);
    const std::string id = InsertJob(GetDatabase(), TestJob());
    const auto waitForUses = [&a](size_t count)
    {
      return WaitUntil(
          [&]
          {
            return a.GetDatabase().CountUses() >= count;
          });
    };
    ASSERT_TRUE(waitForUses(2)); // registration and first heartbeat
    auto first = Wait(a, id, std::nullopt);
    ASSERT_TRUE(waitForUses(3));
    const auto second = Wait(a, id, std::nullopt).get();
    EXPECT_TRUE(second.isBusy);
    EXPECT_EQ(1, second.job->revision);
    EXPECT_FALSE(Wait(a, id, 0).get().isBusy); // newer, so there is no reason to wait
    a.Get().SendWaitersAway();
    EXPECT_EQ(1, first.get().job->revision);
  }

  TEST_P(JobWaiting, StopSendsThemAway)
  {
    configuration_.concurrentJobs = 0; // it is not run
    TestReplica& a = AddReplica("a");
    const std::string id = InsertJob(GetDatabase(), TestJob());
    std::vector<std::future<WaitResult>> waiting;
    for (int i = 0; i < 5; i++)
    {
      waiting.push_back(Wait(a, id, std::nullopt, 300));
    }
    a.Get().Stop();
    const auto start = std::chrono::steady_clock::now();
    for (auto& result : waiting)
    {
      EXPECT_TRUE(result.get().job);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  }

  // Clients follow the job from revision to revision, and the next change comes as soon as all have seen the
  // last one, while they ask again: whoever misses it is late by seconds, because then only the safety
  // re-read helps.
  TEST_P(JobWaiting, NoWakeUpIsLost)
  {
    constexpr int64_t CHANGES = 300;
    constexpr size_t FOLLOWERS = 4;
    TestReplica& a = AddReplica("a", false);
    TestReplica& b = AddReplica("b", false);
    const std::string id = InsertJob(GetDatabase(), TestJob());
    const auto bus = database_->CreateBus();
    std::array<std::atomic<int64_t>, FOLLOWERS> seen = {};
    const auto follow = [&](size_t number)
    {
      TestReplica& replica = number % 2 == 0 ? a : b;
      std::chrono::steady_clock::duration longest{};
      for (int64_t revision = 1; revision <= CHANGES;)
      {
        seen[number] = revision;
        const auto start = std::chrono::steady_clock::now();
        const auto result = replica.Get().WaitForChange(id, revision, std::chrono::seconds(60));
        longest = std::max(longest, std::chrono::steady_clock::now() - start);
        EXPECT_GT(result.job->revision, revision);
        revision = result.job->revision;
      }
      return longest;
    };
    std::vector<std::future<std::chrono::steady_clock::duration>> followers;
    for (size_t number = 0; number < FOLLOWERS; number++)
    {
      followers.push_back(std::async(std::launch::async, follow, number));
    }
    for (int64_t revision = 1; revision <= CHANGES; revision++)
    {
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return std::all_of(seen.begin(), seen.end(),
                               [revision](const auto& number)
                               {
                                 return number >= revision;
                               });
          }));
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute("UPDATE SharedJobs SET revision = revision + 1 WHERE id = $1", id);
      PublishChanges(*bus, transaction, {id});
      transaction.Commit();
    }
    for (auto& follower : followers)
    {
      EXPECT_LT(follower.get(), std::chrono::seconds(4));
    }
  }

  TEST_P(JobWaiting, ManyIdsBecomeOneBareMessage)
  {
    const auto sender = database_->CreateBus();
    const auto receiver = database_->CreateBus();
    std::mutex mutex;
    std::vector<std::string> messages;
    receiver->SetHandler(
        [&](std::string_view message)
        {
          const std::lock_guard lock(mutex);
          messages.emplace_back(message);
        });
    receiver->Start();
    const auto send = [&](size_t count)
    {
      std::vector<std::string> ids(count, std::string(36, 'x'));
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      PublishChanges(*sender, transaction, ids);
      transaction.Commit();
    };
    const auto has = [&](const std::string& message)
    {
      return WaitUntil(
          [&]
          {
            const std::lock_guard lock(mutex);
            return std::find(messages.begin(), messages.end(), message) != messages.end();
          });
    };
    ASSERT_TRUE(has("")); // listening
    send(1);
    EXPECT_TRUE(has("changed:" + std::string(36, 'x')));
    send(27); // more than one message holds
    EXPECT_TRUE(has("changed"));
    receiver->Stop();
  }

  CONFORMANCE_SUITE(JobWaiting);
}
