// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Time.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    constexpr Timestamp MOMENT = 1609085916000000; // 2020-12-27T16:18:36Z
  }

  TEST(Time, Moments)
  {
    for (const char* text :
         {"20201227T161836", "2020-12-27T16:18:36", "20201227T161836Z", "2020-12-27T16:18:36Z",
          "2020-12-27T16:18:36.000Z", "2020-12-27T17:18:36+01:00", "20201227T171836+0100",
          "20201227T171836+01", "2020-12-27T10:48:36-05:30", "2020-12-28T00:18:36.0+08"})
    {
      EXPECT_EQ(MOMENT, ParseTimestamp(text)) << text;
    }
    EXPECT_EQ(MOMENT + 428311, ParseTimestamp("20201227T161836.428311"));
    EXPECT_EQ(MOMENT + 428311, ParseTimestamp(FormatTimestamp(MOMENT + 428311)));
    EXPECT_EQ(MOMENT + 400000, ParseTimestamp("2020-12-27T16:18:36.4Z"));
    EXPECT_EQ(MOMENT + 428311, ParseTimestamp("2020-12-27T16:18:36.428311999+00:00"));
    EXPECT_EQ(MOMENT + 24000000, ParseTimestamp("20201227T161860")); // a leap second
  }

  TEST(Time, MalformedMoments)
  {
    for (const char* text : {"",
                             "2020",
                             "20201227",
                             "20201227161836",
                             "20201227T1618",
                             "20201327T161836",
                             "20200230T161836",
                             "20201227T241836",
                             "20201227T166036",
                             "20201227T161861",
                             "20201227T161836.",
                             "20201227T161836.x",
                             "20201227T161836.1234567890",
                             "20201227T161836z",
                             "20201227T161836 ",
                             "20201227T161836+",
                             "20201227T161836+1",
                             "20201227T161836+24:00",
                             "20201227T161836+01:60",
                             "20201227T161836+01:00Z",
                             "2020-12-27T161836",
                             "2020-1227T16:18:36",
                             "2020-12-27 16:18:36",
                             "+20201227T161836",
                             "-0201227T161836",
                             "20201227T+61836"})
    {
      EXPECT_FALSE(ParseTimestamp(text)) << text;
    }
    EXPECT_FALSE(ParseTimestamp(std::string_view("20201227T161836\0", 16)));
  }
}
