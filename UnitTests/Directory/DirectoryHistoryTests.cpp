// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryHistory.h"

#include "UnitTests/Directory/SecretsFixture.h"

#include <future>

namespace OrthancRegistry::Testing
{
  class DirectoryHistoryTest : public SecretsTest
  {
  protected:
    void Record(DirectoryKind kind, int64_t version, const std::string& name)
    {
      const DirectoryValue value = DirectoryFormat::Parse(
          kind, ParseJson(kind == MODALITIES ? R"(["A", "h", 1])" : R"(["http://h/", "u", "canary"])"));
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      DirectoryHistory::Record(transaction,
                               {kind, version, name, 1, std::nullopt, value, "why", {"user", "ip", "me"}});
      transaction.Commit();
    }

    void SetTime(DirectoryKind kind, int64_t version, Timestamp time)
    {
      Execute("UPDATE SharedDirectoryHistory SET changedAt = $3 WHERE kind = $1 AND version = $2", kind,
              version, time);
    }

    std::vector<std::string> Read(const DirectoryHistory::Filter& filter)
    {
      std::vector<std::string> changes;
      for (const Json::Value& change : DirectoryHistory::Read(GetDatabase(), filter))
      {
        changes.push_back(change["Kind"].asString().substr(0, 1) + change["Version"].asString());
      }
      return changes;
    }
  };

  TEST_P(DirectoryHistoryTest, ValuesAreRecordedWithoutSecrets)
  {
    const DirectoryValue value =
        DirectoryFormat::Parse(DirectoryKind::Peers, ParseJson(R"(["http://u:canary@h/", "u", "canary"])"));
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    DirectoryHistory::Record(transaction, {DirectoryKind::Peers, 1, "p", 1, std::nullopt, value, "", {}});
    DirectoryHistory::Record(
        transaction, {DirectoryKind::Peers, 2, "p", 2, value, std::nullopt, "r\xff", {"user", "ip", "a"}});
    const auto rows =
        transaction.Query<int64_t, std::string, int64_t, std::optional<std::string>,
                          std::optional<std::string>, std::string, std::string, std::string, std::string>(
            "SELECT version, name, revision, oldValue, newValue, reason, replica, userName, remoteIp "
            "FROM SharedDirectoryHistory WHERE kind = 1 AND changedAt > 0 ORDER BY version");
    const std::string masked =
        R"({"HttpHeaders":{},"Password":"***","Pkcs11":false,"Timeout":0,"Url":"http://***@h/","Username":"u"})";
    using Row = std::remove_cvref_t<decltype(rows.front())>;
    EXPECT_THAT(rows, testing::ElementsAre(Row(1, "p", 1, std::nullopt, masked, "", "", "", ""),
                                           Row(2, "p", 2, masked, std::nullopt, "r?", "a", "user", "ip")));
  }

  TEST_P(DirectoryHistoryTest, TheNewestFirst)
  {
    Record(MODALITIES, 1, "a");
    Record(PEERS, 1, "a");
    Record(MODALITIES, 2, "b");
    Record(MODALITIES, 3, "a");
    for (const auto& [kind, version, time] :
         {std::tuple(MODALITIES, 1, 10), {PEERS, 1, 20}, {MODALITIES, 2, 30}, {MODALITIES, 3, 30}})
    {
      SetTime(kind, version, time);
    }
    EXPECT_THAT(Read({}), testing::ElementsAre("m3", "m2", "p1", "m1"));
    EXPECT_THAT(Read({MODALITIES, ""}), testing::ElementsAre("m3", "m2", "m1"));
    EXPECT_THAT(Read({PEERS, ""}), testing::ElementsAre("p1"));
    EXPECT_THAT(Read({std::nullopt, "a"}), testing::ElementsAre("m3", "p1", "m1"));
    EXPECT_THAT(Read({MODALITIES, "b"}), testing::ElementsAre("m2"));
    EXPECT_THAT(Read({PEERS, "b"}), testing::IsEmpty());
    EXPECT_THAT(Read({std::nullopt, "", 20}), testing::ElementsAre("m3", "m2", "p1"));
    EXPECT_THAT(Read({std::nullopt, "", 21}), testing::ElementsAre("m3", "m2"));
    EXPECT_THAT(Read({std::nullopt, "", 0, 3}), testing::ElementsAre("m3", "m2", "p1"));

    const Json::Value change = DirectoryHistory::Read(GetDatabase(), {PEERS, ""})[0];
    EXPECT_EQ("peers", change["Kind"].asString());
    EXPECT_EQ("a", change["Name"].asString());
    EXPECT_EQ("19700101T000000.000020", change["Time"].asString());
    EXPECT_EQ("***", change["After"]["Password"].asString());
    EXPECT_EQ("why", change["Reason"].asString());
    EXPECT_EQ("user", change["User"].asString());
    EXPECT_EQ("ip", change["RemoteIp"].asString());
    EXPECT_EQ("me", change["Replica"].asString());
    EXPECT_EQ(11u, change.size());
  }

  TEST_P(DirectoryHistoryTest, TheNewestOfBothListsRemain)
  {
    for (int64_t version = 1; version <= 1300; version++)
    {
      Record(MODALITIES, version, "a");
      if (version % 2 == 0)
      {
        Record(PEERS, version / 2, "b");
      }
    }
    EXPECT_EQ(0, DirectoryHistory::Prune(GetDatabase(), 0));
    EXPECT_EQ(0, DirectoryHistory::Prune(GetDatabase(), 1950));
    const auto other = database_->Connect();
    auto rival = std::async(std::launch::async,
                            [&other]
                            {
                              return DirectoryHistory::Prune(*other, 3);
                            });
    const int64_t removed = DirectoryHistory::Prune(GetDatabase(), 3);
    EXPECT_EQ(1947, removed + rival.get());
    EXPECT_THAT(Read({}), testing::UnorderedElementsAre("p650", "m1300", "m1299"));
    EXPECT_EQ(0, DirectoryHistory::Prune(GetDatabase(), 3));
  }

  TEST_P(DirectoryHistoryTest, ExactAmongEqualMoments)
  {
    for (int64_t version = 1; version <= 10; version++)
    {
      Record(MODALITIES, version, "a");
    }
    Execute("UPDATE SharedDirectoryHistory SET changedAt = 5");
    EXPECT_EQ(7, DirectoryHistory::Prune(GetDatabase(), 3));
    EXPECT_THAT(Read({}), testing::ElementsAre("m10", "m9", "m8"));
  }

  TEST(DirectoryHistory, PrunedNowAndThen)
  {
    EXPECT_FALSE(DirectoryHistory::IsPruneDue(0, 99));
    EXPECT_TRUE(DirectoryHistory::IsPruneDue(99, 100));
    EXPECT_FALSE(DirectoryHistory::IsPruneDue(100, 101));
    EXPECT_TRUE(DirectoryHistory::IsPruneDue(150, 450));
  }

  CONFORMANCE_SUITE(DirectoryHistoryTest);
}
