// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/FlowRoom.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  TEST(FlowRoom, AllLimitsThatMatchHold)
  {
    FlowRoom room({{{"Store", ""}, 2}, {{"", "PACS"}, 3}, {{"Move", "PACS"}, 1}});
    const JobKind store{"Store", "PACS"};
    const JobKind move{"Move", "PACS"};
    const JobKind elsewhere{"Store", "OTHER"};
    const JobKind unlimited{"Modify", ""};
    room.Take(unlimited);
    room.Take(store);
    EXPECT_TRUE(room.HasRoom(store));
    room.Take(move);
    EXPECT_FALSE(room.HasRoom(move));
    EXPECT_TRUE(room.HasRoom(store));
    room.Take(elsewhere);
    EXPECT_FALSE(room.HasRoom(store)); // the type
    EXPECT_FALSE(room.HasRoom(elsewhere));
    EXPECT_TRUE(room.HasRoom({"Get", "PACS"}));
    room.Take({"Get", "PACS"});
    room.Take({"Get", "PACS"}); // more than allowed: the configuration was another one
    EXPECT_FALSE(room.HasRoom({"Get", "PACS"}));
    EXPECT_TRUE(room.HasRoom(unlimited));
  }

  TEST(FlowRoom, ClosedLimit)
  {
    FlowRoom room({{{"Store", ""}, 2}, {{"", "PACS"}, 3}});
    room.Close("/PACS");
    EXPECT_FALSE(room.HasRoom({"Store", "PACS"}));
    EXPECT_TRUE(room.HasRoom({"Store", "OTHER"}));
    room.Close("Store/");
    EXPECT_FALSE(room.HasRoom({"Store", "OTHER"}));
  }

  TEST(FlowRoom, Limited)
  {
    const std::vector<FlowLimit> limits = {{{"Store", "PACS"}, 2}, {{"", "PEER"}, 3}};
    EXPECT_TRUE(IsLimited(limits, {"Store", "PACS"}));
    EXPECT_TRUE(IsLimited(limits, {"Any", "PEER"}));
    EXPECT_FALSE(IsLimited(limits, {"Store", ""}));
    EXPECT_FALSE(IsLimited({}, {"Store", "PACS"}));
    EXPECT_EQ("Store/PACS", GetLimitName(limits[0]));
    EXPECT_EQ("/PEER", GetLimitName(limits[1]));
  }
}
