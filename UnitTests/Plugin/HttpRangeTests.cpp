// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/HttpRange.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    void ExpectPart(uint64_t first, uint64_t last, std::string_view header, uint64_t size)
    {
      const HttpRange range = ParseRange(header, size);
      EXPECT_EQ(HttpRange::Kind::Part, range.kind) << header;
      EXPECT_EQ(first, range.first) << header;
      EXPECT_EQ(last, range.last) << header;
    }
  }

  TEST(HttpRange, OnePart)
  {
    ExpectPart(0, 499, "bytes=0-499", 1000);
    ExpectPart(500, 999, "bytes=500-", 1000);
    ExpectPart(500, 999, "Bytes=500-5000", 1000);
    ExpectPart(999, 999, " bytes= 999-999 ", 1000);
    ExpectPart(700, 999, "bytes=-300", 1000);
    ExpectPart(0, 999, "bytes=-5000", 1000);
    ExpectPart(10, 999, "bytes=10-99999999999999999999999", 1000);
    ExpectPart(0, 999, "bytes=-99999999999999999999999", 1000);
    EXPECT_EQ(500u, ParseRange("bytes=0-499", 1000).GetSize());
    ExpectPart(3000000000, 3000000001, "bytes=3000000000-3000000001", 4000000000);
  }

  TEST(HttpRange, BehindTheEnd)
  {
    for (const char* header :
         {"bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999999-"})
    {
      EXPECT_EQ(HttpRange::Kind::Unsatisfiable, ParseRange(header, 1000).kind) << header;
    }
    EXPECT_EQ(HttpRange::Kind::Unsatisfiable, ParseRange("bytes=0-", 0).kind);
    EXPECT_EQ(HttpRange::Kind::Unsatisfiable, ParseRange("bytes=-1", 0).kind);
  }

  TEST(HttpRange, IgnoredIfNotUnderstood)
  {
    for (const char* header :
         {"", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=1-2,5-6", "items=0-5",
          "bytes=0x1-5", "bytes=+1-5", "bytes=1 - 5", "bytes=1--5", "bytes 1-5"})
    {
      EXPECT_EQ(HttpRange::Kind::Whole, ParseRange(header, 1000).kind) << header;
    }
  }
}
