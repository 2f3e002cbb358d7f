// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Uuid.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace OrthancRegistry::Testing
{
  namespace
  {
    int64_t GetMilliseconds()
    {
      return std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
          .count();
    }
  }

  TEST(Uuid, OrderedOnesBeginWithTheTime)
  {
    std::set<std::string> ids;
    for (int i = 0; i < 1000; i++)
    {
      const int64_t before = GetMilliseconds();
      const std::string id = GenerateOrderedUuid();
      const int64_t after = GetMilliseconds();
      ASSERT_TRUE(IsUuid(id)) << id;
      EXPECT_EQ('7', id[14]);
      EXPECT_NE(std::string::npos, std::string("89ab").find(id[19]));
      const int64_t time = std::stoll(id.substr(0, 8) + id.substr(9, 4), nullptr, 16);
      EXPECT_LE(before, time);
      EXPECT_GE(after, time);
      ids.insert(id);
    }
    EXPECT_EQ(1000u, ids.size());
  }
}
