// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Utf8.h"

#include <gtest/gtest.h>

using namespace OrthancRegistry;

TEST(Utf8, AcceptsWellFormedText)
{
  for (const char* const text : {"", "plain", "\xc2\x80", "\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf",
                                 "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf0\x9f\xa9\xbb", "\xf4\x8f\xbf\xbf"})
  {
    EXPECT_TRUE(IsStorableText(text)) << text;
  }
}

TEST(Utf8, RefusesEverythingElse)
{
  for (const char* const text :
       {"\x80", "\xff", "\xfe", "\xc3", "\xc3(", "\xe2\x82", "\xe2(\xac",
        "\xf0\x9f\xa9",                                                              // cut or not first bytes
        "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",                  // longer than necessary
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) // outside of Unicode
  {
    EXPECT_FALSE(IsStorableText(text)) << testing::PrintToString(text);
  }
  EXPECT_FALSE(IsStorableText(std::string_view("a\0b", 3)));
}
