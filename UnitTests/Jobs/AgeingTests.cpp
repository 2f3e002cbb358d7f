// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ClaimRank.h"
#include "UnitTests/Jobs/FlowFixture.h"

#include <gmock/gmock.h>

#include <limits>

namespace OrthancRegistry::Testing
{
  using testing::ElementsAre;

  class Ageing : public FlowTest
  {
  protected:
    // As if it had been submitted that long ago
    void Submit(Stores& stores, const std::string& uri, int priority, int secondsAgo)
    {
      const std::string id = stores.jobs.Submit(MakeJob(uri, priority));
      Execute("UPDATE SharedJobs SET createdAt = createdAt - $2, claimRank = claimRank -"
              " CASE WHEN claimRank > 1000000000000000 THEN $2 ELSE 0 END WHERE id = $1",
              id, int64_t{secondsAgo} * 1000000);
    }

    void SubmitAll(Stores& stores)
    {
      Submit(stores, "/new high", 10, 0);
      Submit(stores, "/old low", -5, 1000);
      Submit(stores, "/new normal", 0, 0);
      Submit(stores, "/older normal", 0, 300);
    }
  };

  TEST(ClaimRank, BonusNeverOverflows)
  {
    for (const unsigned int ageing : {0u, 1u, 60u, 86400u})
    {
      const ClaimRank rank(ageing);
      for (const int priority : {std::numeric_limits<int>::min(), std::numeric_limits<int>::max()})
      {
        const int64_t now = 1800000000000000 * rank.age;
        const int64_t bonus = rank.GetBonus(priority);
        EXPECT_EQ(priority < 0, bonus < 0);
        EXPECT_EQ(priority<0, now - bonus> now);
        EXPECT_EQ(now, (now - bonus) + bonus);
      }
      for (int64_t priority = 1; priority < std::numeric_limits<int>::max(); priority *= 2)
      {
        const int now = static_cast<int>(priority);
        EXPECT_LE(rank.GetBonus(now / 2), rank.GetBonus(now)) << ageing << " " << now;
        EXPECT_GE(rank.GetBonus(-now / 2), rank.GetBonus(-now)) << ageing << " " << now;
      }
      EXPECT_EQ(ageing == 0 ? 7 : int64_t{7000000} * ageing, rank.GetBonus(7));
    }
    EXPECT_EQ(-int64_t{std::numeric_limits<int>::min()},
              -ClaimRank(0).GetBonus(std::numeric_limits<int>::min()));
  }

  TEST_P(Ageing, WithoutItPriorityThenSubmission)
  {
    Stores a = MakeStores();
    SubmitAll(a);
    EXPECT_THAT(a.Claim(10), ElementsAre("/new high", "/new normal", "/older normal", "/old low"));
  }

  TEST_P(Ageing, WaitingTimeIsWorthPriority)
  {
    configuration_.ageingSeconds = 60; // 1000 s are worth 16 steps: -5 + 16 > 10
    Stores a = MakeStores();
    SubmitAll(a);
    EXPECT_THAT(a.Claim(10), ElementsAre("/old low", "/new high", "/older normal", "/new normal"));
  }

  TEST_P(Ageing, ExtremePrioritiesCanBeSubmitted)
  {
    configuration_.ageingSeconds = 86400;
    Stores a = MakeStores();
    a.jobs.Submit(MakeJob("/lowest", std::numeric_limits<int>::min()));
    a.jobs.Submit(MakeJob("/middle"));
    a.jobs.Submit(MakeJob("/highest", std::numeric_limits<int>::max()));
    EXPECT_THAT(a.Claim(10), ElementsAre("/highest", "/middle", "/lowest"));
  }

  TEST_P(Ageing, SwitchedOnAndOff)
  {
    Stores without = MakeStores();
    SubmitAll(without);
    for (int i = 0; i < 1200; i++) // more than two batches
    {
      without.jobs.Submit(MakeJob("/filler", -1000000));
    }
    configuration_.ageingSeconds = 60;
    Stores with = MakeStores("b");
    EXPECT_THAT(with.Claim(2), ElementsAre("/old low", "/new high"));
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs"
                                     " WHERE claimRank <> createdAt - priority * CAST(60000000 AS BIGINT)"));
    const auto revision = QueryValue<int64_t>("SELECT CAST(SUM(revision) AS BIGINT) FROM SharedJobs");
    EXPECT_EQ(1204 + 2, revision);

    configuration_.ageingSeconds = 0;
    Stores again = MakeStores("c");
    EXPECT_THAT(again.Claim(2), ElementsAre("/new normal", "/older normal"));
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE claimRank <> -priority"));
  }

  CONFORMANCE_SUITE(Ageing);
}
