// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Properties.h"
#include "UnitTests/Index/IndexTest.h"

namespace OrthancRegistry::Testing
{
  class PropertiesTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(PropertiesTest);

  TEST_P(PropertiesTest, TheSchemaNamesItsVersions)
  {
    IndexTransaction t = Read();
    EXPECT_EQ("6", Properties::Lookup(t, "", 1));
    EXPECT_EQ("10", Properties::Lookup(t, "", 4));
    EXPECT_EQ("1", Properties::Lookup(t, "", 6));
    EXPECT_EQ("1", Properties::Lookup(t, "", 10));
    EXPECT_EQ("3", Properties::Lookup(t, "", 11));
    for (const int property : {12, 13, 14})
    {
      EXPECT_EQ("1", Properties::Lookup(t, "", property));
    }
  }

  TEST_P(PropertiesTest, ServersAreSeparate)
  {
    IndexTransaction t = Write();
    EXPECT_FALSE(Properties::Lookup(t, "", 1024).has_value());
    EXPECT_FALSE(Properties::Lookup(t, "a", 1024).has_value());
    Properties::Set(t, "", 1024, "global");
    Properties::Set(t, "a", 1024, "of a");
    Properties::Set(t, "b", 1024, "");
    EXPECT_EQ("global", Properties::Lookup(t, "", 1024));
    EXPECT_EQ("of a", Properties::Lookup(t, "a", 1024));
    EXPECT_EQ("", Properties::Lookup(t, "b", 1024));

    Properties::Set(t, "", 1024, "other");
    Properties::Set(t, "a", 1024, "other of a");
    EXPECT_EQ("other", Properties::Lookup(t, "", 1024));
    EXPECT_EQ("other of a", Properties::Lookup(t, "a", 1024));
  }

  TEST_P(PropertiesTest, SixteenMegabytes)
  {
    std::string value(16 * 1024 * 1024 + 1, 'x');
    value.back() = 'y';
    {
      IndexTransaction t = Write();
      Properties::Set(t, "server", 5, value);
      t.transaction.Commit();
    }
    IndexTransaction t = Read();
    EXPECT_TRUE(value == Properties::Lookup(t, "server", 5));
  }

  TEST_P(PropertiesTest, Increment)
  {
    IndexTransaction t = Write();
    for (const char* server : {"", "a"})
    {
      EXPECT_EQ(5, Properties::Increment(t, server, 1024, 5));
      EXPECT_EQ(6, Properties::Increment(t, server, 1024, 1));
      EXPECT_EQ(5'000'000'006, Properties::Increment(t, server, 1024, 5'000'000'000));
      EXPECT_EQ(-1, Properties::Increment(t, server, 1024, -5'000'000'007));
      EXPECT_EQ("-1", Properties::Lookup(t, server, 1024));
    }
  }

  TEST_P(PropertiesTest, OnlyNumbersCanBeIncremented)
  {
    for (const char* value : {"word", "12 apples", ""})
    {
      IndexTransaction t = Write();
      Properties::Set(t, "", 1024, value);
      EXPECT_THROW(Properties::Increment(t, "", 1024, 1), StatementError) << value;
    }
  }

  TEST_P(PropertiesTest, IncrementsOfManyThreadsAllCount)
  {
    RunThreads(4,
               [&](unsigned int)
               {
                 for (int i = 0; i < 10; i++)
                 {
                   RunInIndex(*database_,
                              [](IndexTransaction& t)
                              {
                                Properties::Increment(t, "", 1024, 1);
                              });
                 }
               });
    IndexTransaction t = Read();
    EXPECT_EQ("40", Properties::Lookup(t, "", 1024));
  }
}
