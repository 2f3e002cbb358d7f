// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/RevisionHeaders.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    ExpectedRevisions Parse(const std::string& header)
    {
      return ParseIfMatch(&header);
    }

    using Revisions = std::vector<int64_t>;

    TEST(RevisionHeaders, NoCondition)
    {
      EXPECT_FALSE(ParseIfMatch(nullptr));
      EXPECT_FALSE(Parse("*"));
      EXPECT_FALSE(Parse(" * "));
    }

    TEST(RevisionHeaders, OneOrMore)
    {
      EXPECT_EQ(Revisions({7}), Parse("\"7\""));
      EXPECT_EQ(Revisions({7}), Parse("7"));
      EXPECT_EQ(Revisions({7}), Parse("\t 7 "));
      EXPECT_EQ(Revisions({7, 8, 12}), Parse("\"7\", 8,\t\"12\""));
      EXPECT_EQ(Revisions({9223372036854775807}), Parse("9223372036854775807"));
    }

    TEST(RevisionHeaders, WhatIsWrittenIsRead)
    {
      EXPECT_EQ("\"7\"", FormatEntityTag(7));
      EXPECT_EQ(Revisions({123}), Parse(FormatEntityTag(123)));
    }

    TEST(RevisionHeaders, Malformed)
    {
      for (const char* header : {"",
                                 " ",
                                 ",",
                                 "7,",
                                 ",7",
                                 "7,,8",
                                 "\"7",
                                 "7\"",
                                 "\"\"",
                                 "\"",
                                 "\"\"7\"\"",
                                 "\"7\"\"8\"",
                                 "7 8",
                                 "W/\"7\"",
                                 "x",
                                 "\"x\"",
                                 "7x",
                                 "0",
                                 "-1",
                                 "+7",
                                 "0x7",
                                 "7.0",
                                 "9223372036854775808",
                                 "*,7",
                                 "7,*",
                                 "**"})
      {
        try
        {
          Parse(header);
          ADD_FAILURE() << header;
        }
        catch (const RegistryError& error)
        {
          EXPECT_EQ(ErrorCode::BadRequest, error.GetCode()) << header;
        }
      }
      EXPECT_THROW(Parse(std::string(2001, ' ')), RegistryError);
    }
  }
}
