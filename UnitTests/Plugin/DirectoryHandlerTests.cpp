// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/DirectoryHandler.h"

#include "Framework/Common/Errors.h"
#include "Framework/Directory/DirectoryHistory.h"
#include "UnitTests/Directory/SecretsFixture.h"

namespace OrthancRegistry::Testing
{
  class DirectoryHandlerTest : public SecretsTest
  {
  protected:
    void SetUp() override
    {
      SecretsTest::SetUp();
      Open(KEY);
    }

    void Open(const std::string& key)
    {
      configuration_ = files_.MakeConfiguration(key, {});
      box_ = std::make_unique<SecretBox>(configuration_);
      handler_ = std::make_unique<DirectoryHandler>(configuration_, *box_, GetDatabase(), "me",
                                                    [this]
                                                    {
                                                      rotations_++;
                                                    });
    }

    static HttpCall MakeCall(HttpMethod method, const std::map<std::string, std::string>& arguments = {})
    {
      HttpCall call;
      call.method = method;
      call.arguments = arguments;
      call.remoteIp = "1.2.3.4";
      return call;
    }

    Json::Value GetHistory(const std::map<std::string, std::string>& arguments)
    {
      return ParseJson(handler_->GetHistory(MakeCall(HttpMethod::Get, arguments)).body);
    }

    ErrorCode GetError(const std::map<std::string, std::string>& arguments)
    {
      try
      {
        GetHistory(arguments);
        return ErrorCode::Success;
      }
      catch (const RegistryError& e)
      {
        return e.GetCode();
      }
    }

    DirectoryConfiguration configuration_;
    std::unique_ptr<SecretBox> box_;
    std::unique_ptr<DirectoryHandler> handler_;
    int rotations_ = 0;
  };

  TEST_P(DirectoryHandlerTest, StatusOfBothLists)
  {
    InsertPeer(*box_, "sealed", MakePeer(R"(["http://h/", "u", "canary"])"));
    InsertPeer(MakeBox(""), "clear", MakePeer(R"(["http://h/", "u", "canary"])"));
    InsertPeer(*box_, "open", MakePeer(R"(["http://h/"])"));
    Execute("INSERT INTO SharedPeers(name, revision, version, changedAt) VALUES ('deleted', 3, 4, 0)");
    Execute("INSERT INTO SharedModalities(name, revision, version, configuration, changedAt) "
            "VALUES ('m', 5, 6, '{}', 1)");
    Execute("UPDATE SharedDirectories SET version = 6 WHERE kind = 0");
    Execute(
        "INSERT INTO SharedDirectoryProblems(kind, name, serverIdentifier, replica, revision, reason, since) "
        "VALUES (1, 'sealed', 's2', 'r2', 1, 'No key', 2), (1, 'sealed', 's1', 'r1', 1, 'No key', 1)");
    configuration_.isFrozen = true;
    const HttpAnswer answer = handler_->GetStatus(MakeCall(HttpMethod::Get));
    EXPECT_EQ(200, answer.status);
    EXPECT_THAT(answer.body, testing::Not(testing::HasSubstr("canary")));
    const Json::Value status = ParseJson(answer.body);
    EXPECT_TRUE(status["Frozen"].asBool());
    EXPECT_EQ(ParseJson(R"({"Shared": true, "Version": 6, "Count": 1, "Problems": [], "Entries": {"m":)"
                        R"( {"Revision": 5, "Version": 6, "ChangedAt": "19700101T000000.000001"}}})"),
              status["Modalities"]);
    const Json::Value& peers = status["Peers"];
    EXPECT_EQ(3, peers["Version"].asInt());
    EXPECT_EQ(3, peers["Count"].asInt());
    EXPECT_TRUE(peers["Entries"]["sealed"]["Encrypted"].asBool());
    EXPECT_EQ(*box_->GetKeyId(), peers["Entries"]["sealed"]["KeyId"].asString());
    EXPECT_FALSE(peers["Entries"]["clear"]["Encrypted"].asBool());
    EXPECT_TRUE(peers["Entries"]["clear"]["HasSecrets"].asBool());
    EXPECT_FALSE(peers["Entries"]["open"]["HasSecrets"].asBool());
    ASSERT_EQ(2u, peers["Problems"].size());
    EXPECT_EQ(ParseJson(R"({"Name": "sealed", "Replica": "r1", "ServerIdentifier": "s1", "Revision": 1,)"
                        R"( "Reason": "No key", "Since": "19700101T000000.000001"})"),
              peers["Problems"][0]);
  }

  TEST_P(DirectoryHandlerTest, ListsThatAreNotShared)
  {
    configuration_.areModalitiesShared = false;
    const Json::Value status = ParseJson(handler_->GetStatus(MakeCall(HttpMethod::Get)).body);
    EXPECT_EQ(ParseJson(R"({"Shared": false})"), status["Modalities"]);
    EXPECT_FALSE(status["Frozen"].asBool());
    EXPECT_EQ(0, status["Peers"]["Count"].asInt());
    EXPECT_TRUE(status["Peers"]["Entries"].isObject());
    configuration_.arePeersShared = false;
    EXPECT_THROW(handler_->RotateKey(MakeCall(HttpMethod::Post)), RegistryError);
  }

  TEST_P(DirectoryHandlerTest, HistoryWithFilters)
  {
    EXPECT_EQ("[]\n", handler_->GetHistory(MakeCall(HttpMethod::Get)).body);
    const DirectoryValue value = MakePeer(R"(["http://h/", "u", "canary"])");
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    for (int64_t version = 1; version <= 150; version++)
    {
      DirectoryHistory::Record(
          transaction, {PEERS, version, version == 7 ? "seven" : "p", 1, value, value, "", {"", "", "me"}});
    }
    transaction.Commit();
    EXPECT_EQ(100u, GetHistory({}).size());
    EXPECT_EQ(150u, GetHistory({{"limit", "10000"}, {"kind", "peers"}, {"name", ""}}).size());
    EXPECT_EQ(0u, GetHistory({{"kind", "modalities"}}).size());
    EXPECT_EQ(7, GetHistory({{"name", "seven"}, {"limit", "1"}})[0]["Version"].asInt());
    EXPECT_EQ(100u, GetHistory({{"since", "20200101T000000"}}).size());
    EXPECT_EQ(0u, GetHistory({{"since", "2222-01-01T00:00:00Z"}}).size());
    EXPECT_THAT(WriteJson(GetHistory({})), testing::Not(testing::HasSubstr("canary")));
  }

  TEST_P(DirectoryHandlerTest, BadArguments)
  {
    const std::vector<std::pair<std::string, std::string>> bad = {
        {"limit", "0"}, {"limit", "10001"}, {"limit", "-1"},     {"limit", "1x"},  {"limit", "99999999999"},
        {"kind", "x"},  {"kind", "Peers"},  {"name", "a b"},     {"name", "\xff"}, {"since", "yesterday"},
        {"since", "5"}, {"limit", " 1"},    {"since", "2020-13"}};
    for (const auto& argument : bad)
    {
      EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetError({argument})) << argument.first << argument.second;
    }
  }

  TEST_P(DirectoryHandlerTest, RotationIsAnsweredAndAnnounced)
  {
    InsertPeer(MakeBox(""), "a", MakePeer(R"(["http://h/", "u", "canary"])"));
    InsertPeer(MakeBox(OTHER_KEY), "b", MakePeer(R"(["http://h/", "u", "canary"])"));
    const Json::Value answer = ParseJson(handler_->RotateKey(MakeCall(HttpMethod::Post)).body);
    EXPECT_EQ(ParseJson(R"({"Rotated": 1, "Unchanged": 0, "Unreadable": ["b"]})"), answer);
    EXPECT_EQ(1, rotations_);
    handler_->RotateKey(MakeCall(HttpMethod::Post));
    EXPECT_EQ(1, rotations_); // nothing to tell
    const Json::Value history = GetHistory({{"name", "a"}});
    EXPECT_EQ("me", history[0]["Replica"].asString());
    EXPECT_EQ("1.2.3.4", history[0]["RemoteIp"].asString());
    Open("");
    EXPECT_THROW(handler_->RotateKey(MakeCall(HttpMethod::Post)), RegistryError);
  }

  TEST_P(DirectoryHandlerTest, OtherMethodsAreNotAllowed)
  {
    for (const HttpMethod method : {HttpMethod::Post, HttpMethod::Put, HttpMethod::Delete})
    {
      EXPECT_EQ("GET", handler_->GetStatus(MakeCall(method)).allowedMethods);
      EXPECT_EQ("GET", handler_->GetHistory(MakeCall(method)).allowedMethods);
    }
    EXPECT_EQ("POST", handler_->RotateKey(MakeCall(HttpMethod::Get)).allowedMethods);
  }

  CONFORMANCE_SUITE(DirectoryHandlerTest);
}
