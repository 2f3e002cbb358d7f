// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ClaimAhead.h"
#include "Framework/Jobs/Dispatcher.h"
#include "UnitTests/Jobs/FlowFixture.h"
#include "UnitTests/Waiting.h"

namespace OrthancRegistry::Testing
{
  TEST(ClaimAheadCount, FollowsWhatHasEndedJustNow)
  {
    using std::chrono::milliseconds;
    ClaimAhead ahead(2);
    const auto start = ClaimAhead::Clock::now();
    EXPECT_EQ(0u, ahead.Get(start));
    for (int i = 0; i < 7; i++)
    {
      ahead.Count(start);
    }
    EXPECT_EQ(0u, ahead.Get(start)); // one claim after the other keeps up
    ahead.Count(start + milliseconds(10));
    EXPECT_EQ(4u, ahead.Get(start + milliseconds(10)));
    for (int i = 0; i < 1000; i++)
    {
      ahead.Count(start + milliseconds(100));
    }
    EXPECT_EQ(ClaimAhead::MAXIMUM, ahead.Get(start + milliseconds(100)));
    EXPECT_EQ(0u, ahead.Get(start + milliseconds(101) + ClaimAhead::PATIENCE));

    const auto later = start + std::chrono::seconds(10);
    for (int i = 0; i < 100; i++)
    {
      ahead.Count(later);
    }
    EXPECT_EQ(ClaimAhead::MAXIMUM, ahead.Get(later));
    ahead.Suspend(later);
    EXPECT_EQ(0u, ahead.Get(later));

    ClaimAhead large(100);
    for (int i = 0; i < 1000; i++)
    {
      large.Count(later);
    }
    EXPECT_EQ(ClaimAhead::MAXIMUM, large.Get(later));
  }

  // A replica with two slots, whose jobs have been ending fast
  class ClaimAheadTest : public FlowTest
  {
  protected:
    void SetUp() override
    {
      FlowTest::SetUp();
      stores_ = std::make_unique<Stores>(*database_, "a", configuration_);
      for (size_t i = 0; i < 2 * ClaimAhead::MAXIMUM; i++)
      {
        ahead_.Count(ClaimAhead::Clock::now() + std::chrono::hours(1));
      }
      dispatcher_ = std::make_unique<Dispatcher>(
          SLOTS, &ahead_, table_, stores_->runs, stores_->claims, stores_->putOff,
          []
          {
            return size_t{0};
          },
          Dispatcher::Lease{[]
                            {
                              return true;
                            },
                            []
                            {
                              return true;
                            }},
          [this](const ClaimedJob& job)
          {
            if (table_.CountAtCore() < SLOTS)
            {
              table_.BeginSubmission(job);
            }
          });
    }

    void TearDown() override
    {
      dispatcher_.reset();
      stores_.reset();
      FlowTest::TearDown();
    }

    void Submit(int count)
    {
      for (int i = 0; i < count; i++)
      {
        stores_->jobs.Submit(MakeJob("/" + std::to_string(i)));
      }
    }

    // Jobs that this replica owns, and that have been tried at all
    bool IsOwned(int64_t count)
    {
      return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE owner IS NOT NULL") == count &&
             QueryValue<int64_t>("SELECT SUM(attempts) FROM SharedJobs") == count;
    }

    static constexpr size_t SLOTS = 2;

    std::unique_ptr<Stores> stores_;
    RunTable table_;
    ClaimAhead ahead_{SLOTS};
    std::unique_ptr<Dispatcher> dispatcher_;
  };

  TEST_P(ClaimAheadTest, TakesMoreThanItsSlotsAndHandsBackWhatWaitsTooLong)
  {
    Submit(10);
    dispatcher_->Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return table_.CountHeld() == 8 && IsOwned(10);
        }));

    ahead_.Suspend(ClaimAhead::Clock::now());
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return table_.CountHeld() == 0 && IsOwned(SLOTS);
        }));
    EXPECT_EQ(SLOTS, table_.GetAll().size());
    EXPECT_EQ(8, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 0 AND attempts = 0"));
  }

  // Should it end this replica as well, the others are not to be blamed.
  TEST_P(ClaimAheadTest, WhatMayHaveEndedAReplicaIsClaimedAlone)
  {
    Submit(10);
    Execute("UPDATE SharedJobs SET crashes = 1 WHERE seq = (SELECT MAX(seq) FROM SharedJobs)");
    dispatcher_->Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return IsOwned(SLOTS) && table_.GetAll().size() == SLOTS;
        }));
    EXPECT_EQ(0u, ahead_.Get(ClaimAhead::Clock::now()));
    EXPECT_EQ(0u, table_.CountHeld());
  }

  CONFORMANCE_SUITE(ClaimAheadTest);
}
