// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Directory/DirectoryFixture.h"

namespace OrthancRegistry::Testing
{
  // One server that only reads beside one that writes
  class DirectoryReadOnly : public DirectoryTest
  {
  protected:
    DirectoryReplica& AddReader()
    {
      configuration_.isReadOnly = true;
      return AddReplica("reader", false);
    }
  };
  CONFORMANCE_SUITE(DirectoryReadOnly);

  TEST_P(DirectoryReadOnly, FollowsWhatOthersWrite)
  {
    DirectoryReplica& writer = AddReplica("writer");
    writer.Put("old", MakeModality("OLD"));
    writer.Put("gone", MakeModality("GONE"));
    writer.Put("peer", MakePeer("http://peer/", "secret"), PEERS);
    DirectoryReplica& reader = AddReader();
    EXPECT_EQ("OLD", reader.Get("old")["AET"].asString());
    EXPECT_EQ(0u, reader.GetCore().CountPuts()); // loaded at the start

    writer.Put("old", MakeModality("CHANGED"));
    writer.Put("new", MakeModality("NEW"));
    writer.Delete("gone");
    writer.Put("peer", MakePeer("http://other/", "secret"), PEERS);
    EXPECT_EQ("CHANGED", reader.Get("old")["AET"].asString());
    EXPECT_EQ("NEW", reader.Get("new")["AET"].asString());
    EXPECT_TRUE(reader.Get("gone").isNull());
    EXPECT_EQ(MakePeer("http://other/", "secret"), reader.Get("peer", PEERS));
    EXPECT_EQ(3u, reader.GetCore().CountPuts());

    writer.Put("gone", MakeModality("BACK"));
    EXPECT_EQ("BACK", reader.Get("gone")["AET"].asString());
    EXPECT_EQ("CHANGED", reader.Get("old")["AET"].asString());
    EXPECT_EQ(4u, reader.GetCore().CountPuts()); // each change once
  }

  TEST_P(DirectoryReadOnly, WhatItsCoreRefusesIsLeftOut)
  {
    DirectoryReplica& writer = AddReplica("writer");
    DirectoryReplica& reader = AddReader();
    Json::Value refused = MakeModality("REFUSED");
    refused["Manufacturer"] = FakeLists::REFUSED;
    WriteRow("refused", refused);
    writer.Put("other", MakeModality("OTHER"));
    EXPECT_EQ("OTHER", reader.Get("other")["AET"].asString());
    EXPECT_TRUE(reader.Get("refused").isNull());
    EXPECT_EQ(1, CountProblems("refused")); // that of the writer
  }
}
