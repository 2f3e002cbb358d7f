// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/LeaseGuard.h"

#include "UnitTests/Jobs/TestCluster.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  class Lease : public ClusterTest
  {
  protected:
    static size_t CountSubmissions(TestReplica& replica, const std::string& uri)
    {
      size_t count = 0;
      for (const auto& submission : replica.GetCore().GetSubmissions())
      {
        count += submission.uri == uri ? 1 : 0;
      }
      return count;
    }

    static bool WaitForCancel(TestReplica& replica, const std::string& localId)
    {
      return WaitUntil(
          [&]
          {
            return replica.GetCore().GetCancelled().contains(localId);
          });
    }

    int64_t CountCrashes(const std::string& id)
    {
      return QueryValue<int64_t>("SELECT crashes FROM SharedJobs WHERE id = $1", id);
    }
  };

  TEST(LeaseGuard, GivesUpBeforeTheEndAndOnce)
  {
    constexpr std::chrono::milliseconds LEASE{600};
    std::mutex mutex;
    std::vector<std::chrono::steady_clock::time_point> calls;
    std::chrono::steady_clock::time_point end;
    LeaseGuard guard(LEASE,
                     [&](std::chrono::steady_clock::time_point leaseEnd)
                     {
                       const std::lock_guard lock(mutex);
                       calls.push_back(std::chrono::steady_clock::now());
                       end = leaseEnd;
                     });
    EXPECT_FALSE(guard.IsHeld());
    guard.Start();
    const auto sent = std::chrono::steady_clock::now();
    EXPECT_TRUE(guard.Renew(sent));
    EXPECT_FALSE(guard.Renew(sent));
    EXPECT_TRUE(guard.IsHeld());
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return !guard.IsHeld();
        }));
    guard.Check();
    guard.Check();
    EXPECT_FALSE(guard.Renew(sent)); // too late to be of use
    EXPECT_FALSE(guard.IsHeld());
    {
      const std::lock_guard lock(mutex);
      ASSERT_EQ(1u, calls.size());
      EXPECT_GE(calls[0], sent + LEASE * 2 / 3);
      EXPECT_LT(calls[0], sent + LEASE);
      EXPECT_EQ(sent + LEASE, end);
    }
    EXPECT_TRUE(guard.Renew(std::chrono::steady_clock::now()));
    EXPECT_TRUE(guard.IsHeld());
  }

  TEST_P(Lease, RunsAreCancelledBeforeOthersTakeThem)
  {
    TestReplica& frozen = AddReplica("frozen");
    const std::string id = frozen.Submit(MakeJob("/once"));
    const std::string localId = frozen.GetCore().WaitForSubmission("/once");
    ASSERT_TRUE(frozen.WaitForState(id, JobState::Running));
    const std::string local = frozen.GetCore().StartJob("Archive");
    ASSERT_TRUE(frozen.WaitForState(local, JobState::Pending));

    TestReplica& other = AddReplica("other");
    frozen.GetDatabase().SetFrozen(true);
    ASSERT_TRUE(WaitForCancel(frozen, localId));
    EXPECT_EQ(0u, CountSubmissions(other, "/once"));
    EXPECT_EQ("frozen", other.Get().Get(id)->replica);
    EXPECT_FALSE(frozen.GetCore().GetCancelled().contains(local)); // goes on

    other.GetCore().WaitForSubmission("/once");
    EXPECT_EQ(1, CountCrashes(id));
    frozen.GetDatabase().SetFrozen(false);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return CountCrashes(id) == 0; // it was only cut off
        }));
    other.GetCore().RunByItself();
    ASSERT_TRUE(frozen.WaitForState(id, JobState::Success));
    EXPECT_EQ(1u, CountSubmissions(other, "/once"));
    EXPECT_EQ(1u, CountSubmissions(frozen, "/once"));
    EXPECT_EQ("other", frozen.Get().Get(id)->replica);
    EXPECT_EQ("", QueryValue<std::string>("SELECT lostReplicas FROM SharedJobDetails WHERE id = $1", id));
    ASSERT_TRUE(other.WaitForState(local, JobState::Pending));
  }

  TEST_P(Lease, HandedBackUncountedIfNobodyElseTookThem)
  {
    TestReplica& lone = AddReplica("lone");
    const std::string id = lone.Submit(MakeJob("/lone"));
    const std::string localId = lone.GetCore().WaitForSubmission("/lone");
    ASSERT_TRUE(lone.WaitForState(id, JobState::Running));
    lone.GetDatabase().SetFrozen(true);
    ASSERT_TRUE(WaitForCancel(lone, localId));
    lone.GetCore().RunByItself();
    lone.GetDatabase().SetFrozen(false);
    ASSERT_TRUE(lone.WaitForState(id, JobState::Success));
    EXPECT_EQ(2u, CountSubmissions(lone, "/lone"));
    EXPECT_EQ(1, lone.Get().Get(id)->attempts);
    EXPECT_EQ(0, CountCrashes(id));
    EXPECT_EQ(2, QueryValue<int64_t>("SELECT fence FROM SharedJobs WHERE id = $1", id));
  }

  // A core cannot be stopped in the middle of its last step
  TEST_P(Lease, RunThatEndsInSpiteOfTheCancellationIsNotRepeated)
  {
    configuration_.leaseSeconds = 3;
    TestReplica& lone = AddReplica("lone");
    const std::string id = lone.Submit(MakeJob("/ends"));
    const std::string localId = lone.GetCore().WaitForSubmission("/ends");
    ASSERT_TRUE(lone.WaitForState(id, JobState::Running));
    lone.GetCore().EndInSpiteOfCancel(localId);
    lone.GetDatabase().SetFrozen(true);
    ASSERT_TRUE(WaitForCancel(lone, localId));
    lone.GetDatabase().SetFrozen(false);
    ASSERT_TRUE(lone.WaitForState(id, JobState::Success));
    EXPECT_EQ(1u, CountSubmissions(lone, "/ends"));
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT fence FROM SharedJobs WHERE id = $1", id));
  }

  TEST_P(Lease, NothingIsClaimedUntilItIsRenewed)
  {
    TestReplica& frozen = AddReplica("frozen");
    const std::string first = frozen.Submit(MakeJob("/first"));
    const std::string localId = frozen.GetCore().WaitForSubmission("/first");
    TestReplica& other = AddReplica("other", false);
    frozen.GetDatabase().SetFrozen(true);
    ASSERT_TRUE(WaitForCancel(frozen, localId));
    const std::string second = other.Submit(MakeJob("/second"));
    other.Get().Start();
    other.GetCore().RunByItself();
    ASSERT_TRUE(other.WaitForState(first, JobState::Success));
    ASSERT_TRUE(other.WaitForState(second, JobState::Success));
    frozen.GetDatabase().SetFrozen(false);
    frozen.GetCore().RunByItself();
    other.Get().Stop();
    const std::string third = frozen.Submit(MakeJob("/third"));
    ASSERT_TRUE(frozen.WaitForState(third, JobState::Success));
    EXPECT_EQ(0u, CountSubmissions(frozen, "/second"));
    EXPECT_EQ(1u, CountSubmissions(frozen, "/third"));
  }

  CONFORMANCE_SUITE(Lease);

  TEST(LeaseGuard, BeginsAnewOnlyWithEnoughTimeLeft)
  {
    const auto start = LeaseGuard::Clock::now();
    LeaseGuard guard(std::chrono::hours(3), [](LeaseGuard::Clock::time_point) {}); // of which two are safe
    EXPECT_FALSE(guard.Renew(start - std::chrono::minutes(61)));
    EXPECT_FALSE(guard.IsHeld());
    EXPECT_TRUE(guard.Renew(start - std::chrono::minutes(59)));
    EXPECT_TRUE(guard.IsHeld());
    EXPECT_FALSE(guard.Renew(start - std::chrono::minutes(90))); // goes on all the same
    EXPECT_TRUE(guard.IsHeld());
  }
}
