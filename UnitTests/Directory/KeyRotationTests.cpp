// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/KeyRotation.h"

#include "Framework/Common/Errors.h"
#include "UnitTests/Directory/SecretsFixture.h"
#include "UnitTests/Waiting.h"

#include <atomic>
#include <thread>

namespace OrthancRegistry::Testing
{
  class KeyRotationTest : public SecretsTest
  {
  protected:
    std::string GetKeyId(const std::string& name)
    {
      return QueryValue<std::string>("SELECT COALESCE(keyId, '') FROM SharedPeers WHERE name = $1", name);
    }

    int64_t GetPeerVersion(const std::string& name)
    {
      return QueryValue<int64_t>("SELECT version FROM SharedPeers WHERE name = $1", name);
    }

    static inline const std::string PEER = R"(["http://u:canary@h/", "user", "canary"])";
  };

  TEST_P(KeyRotationTest, AllThatCanBeReadGetTheCurrentKey)
  {
    const SecretBox box = MakeBox(KEY, {OTHER_KEY});
    InsertPeer(MakeBox(""), "clear", MakePeer(PEER));
    InsertPeer(MakeBox(OTHER_KEY), "old", MakePeer(PEER));
    InsertPeer(MakeBox(KEY), "current", MakePeer(PEER));
    InsertPeer(MakeBox(std::string(64, 'c')), "foreign", MakePeer(PEER));
    InsertPeer(MakeBox(KEY), "open", MakePeer(R"(["http://h/"])"));
    InsertPeer(MakeBox(OTHER_KEY), "damaged", MakePeer(PEER));
    Execute("UPDATE SharedPeers SET secrets = $1 WHERE name = 'damaged'", Binary{"\1damaged"});
    Execute("INSERT INTO SharedPeers(name, revision, version, changedAt) VALUES ('deleted', 3, 7, 0)");
    Execute("UPDATE SharedDirectories SET version = 7 WHERE kind = 1");

    const LogCapture log;
    const KeyRotation result = RotateKey(GetDatabase(), box, {"admin", "1.2.3.4", "me"});
    EXPECT_EQ(2, result.rotated);
    EXPECT_EQ(2, result.unchanged);
    EXPECT_THAT(result.unreadable, testing::ElementsAre("damaged", "foreign"));
    EXPECT_EQ(9, GetVersion(PEERS));
    EXPECT_EQ(8, GetPeerVersion("clear"));
    EXPECT_EQ(9, GetPeerVersion("old"));
    EXPECT_EQ(3, GetPeerVersion("current"));
    EXPECT_EQ(4, GetPeerVersion("foreign"));
    EXPECT_EQ(6, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedPeers WHERE revision = 1"));
    const SecretBox currentOnly = MakeBox(KEY);
    for (const char* name : {"clear", "old", "current"})
    {
      EXPECT_EQ(box.GetKeyId(), GetKeyId(name)) << name;
      EXPECT_EQ(DirectoryFormat::Format(PEERS, MakePeer(PEER)), ReadPeer(currentOnly, name)) << name;
    }
    EXPECT_EQ("", GetKeyId("open"));
    EXPECT_THAT(Dump() + log.Get(), testing::Not(testing::HasSubstr("canary")));

    const Json::Value history = DirectoryHistory::Read(GetDatabase(), {PEERS, "old"});
    ASSERT_EQ(1u, history.size());
    EXPECT_EQ("key rotated", history[0]["Reason"].asString());
    EXPECT_EQ("admin", history[0]["User"].asString());
    EXPECT_EQ("1.2.3.4", history[0]["RemoteIp"].asString());
    EXPECT_EQ(9, history[0]["Version"].asInt());
    EXPECT_EQ(1, history[0]["Revision"].asInt());
    EXPECT_EQ(history[0]["Before"], history[0]["After"]);

    const KeyRotation again = RotateKey(GetDatabase(), box, {});
    EXPECT_EQ(0, again.rotated);
    EXPECT_EQ(4, again.unchanged);
    EXPECT_EQ(9, GetVersion(PEERS));
  }

  TEST_P(KeyRotationTest, NotWithoutAKey)
  {
    InsertPeer(MakeBox(KEY), "p", MakePeer(PEER));
    try
    {
      RotateKey(GetDatabase(), MakeBox("", {KEY}), {});
      FAIL();
    }
    catch (const RegistryError& e)
    {
      EXPECT_EQ(ErrorCode::BadRequest, e.GetCode());
      EXPECT_THAT(e.what(), testing::HasSubstr("Registry.SecretsKeyFile"));
    }
    EXPECT_EQ(MakeBox(KEY).GetKeyId(), GetKeyId("p"));
  }

  TEST_P(KeyRotationTest, ReadersAndWritersAtTheSameTime)
  {
    constexpr int COUNT = 20;
    const std::vector<SecretBox> boxes = {MakeBox(KEY, {OTHER_KEY}), MakeBox(OTHER_KEY, {KEY})};
    for (int i = 0; i < COUNT; i++)
    {
      InsertPeer(boxes[0], "p" + std::to_string(i), MakePeer(PEER));
    }
    std::atomic<bool> isDone = false;
    std::atomic<int> reads = 0;
    std::atomic<int> failures = 0;
    const auto other = database_->Connect();
    std::thread reader(
        [&]
        {
          while (!isDone)
          {
            const auto peer = ReadPeer(*other, boxes[0], "p" + std::to_string(reads % COUNT));
            failures += peer && (*peer)["Password"] == "canary" ? 0 : 1;
            reads++;
          }
        });
    const auto third = database_->Connect();
    std::thread rival( // another administrator has the same idea
        [&]
        {
          for (int i = 0; i < 10; i++)
          {
            RotateKey(*third, boxes[1], {});
          }
        });
    int64_t rotated = 0;
    for (int i = 0; i < 10; i++)
    {
      rotated += RotateKey(GetDatabase(), boxes[i % 2], {}).rotated;
    }
    rival.join();
    EXPECT_TRUE(WaitUntil(
        [&reads]
        {
          return reads > 100;
        }));
    isDone = true;
    reader.join();
    EXPECT_GT(rotated, 0);
    EXPECT_EQ(0, failures);
    EXPECT_EQ(GetVersion(PEERS), QueryValue<int64_t>("SELECT MAX(version) FROM SharedPeers"));
    EXPECT_EQ(GetVersion(PEERS) - COUNT, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedDirectoryHistory"));
  }

  CONFORMANCE_SUITE(KeyRotationTest);
}
