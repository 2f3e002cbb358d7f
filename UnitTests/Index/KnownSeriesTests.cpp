// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/KnownSeries.h"

#include <gtest/gtest.h>

#include <thread>

namespace OrthancRegistry::Testing
{
  TEST(KnownSeriesTest, AbsenceCountsOnce)
  {
    KnownSeries::NoteAbsent("a");
    KnownSeries::NoteAbsent("b");
    EXPECT_FALSE(KnownSeries::TakeAbsent("a"));
    EXPECT_FALSE(KnownSeries::TakeAbsent("b"));
    KnownSeries::NoteAbsent("b");
    EXPECT_TRUE(KnownSeries::TakeAbsent("b"));
    EXPECT_FALSE(KnownSeries::TakeAbsent("b"));
    std::thread(
        []
        {
          KnownSeries::NoteAbsent("c");
        })
        .join();
    EXPECT_FALSE(KnownSeries::TakeAbsent("c"));
  }

  TEST(KnownSeriesTest, ReservesAsManyIdsAsAreUsed)
  {
    KnownSeries known;
    known.Remember("se", {});
    for (const size_t count : {16u, 32u, 64u, 128u, 256u, 256u})
    {
      EXPECT_EQ(count, known.CountIdsToReserve());
    }
    known.SetIds({1, 2});
    EXPECT_EQ(128u, known.CountIdsToReserve());
    EXPECT_TRUE(known.Expect("se"));
    EXPECT_EQ(64u, known.CountIdsToReserve());
    EXPECT_TRUE(known.Expect("se"));
    EXPECT_EQ(128u, known.CountIdsToReserve());
  }

  TEST(KnownSeriesTest, LowerIdsAreNotUsedAfterHigherOnes)
  {
    KnownSeries known;
    known.Remember("se", {});
    EXPECT_FALSE(known.Expect("se"));
    known.SetIds({1, 2, 3});
    EXPECT_EQ(1, known.Expect("se")->instanceId);
    known.SetIds({7, 8});
    known.SetIds({4, 5});
    EXPECT_EQ(7, known.Expect("se")->instanceId);
    EXPECT_FALSE(known.Expect("other"));
    EXPECT_EQ(8, known.Expect("se")->instanceId);
    EXPECT_FALSE(known.Expect("se"));
  }

  // The numbers of a standby that has taken over begin where it left off.
  TEST(KnownSeriesTest, LowerIdsAreUsedAfterAFailure)
  {
    KnownSeries known;
    known.Remember("se", {});
    known.SetIds({7, 8});
    known.Distrust("se");
    EXPECT_FALSE(known.Expect("se"));
    known.Remember("se", {});
    known.SetIds({4, 5});
    EXPECT_EQ(4, known.Expect("se")->instanceId);
  }
}
