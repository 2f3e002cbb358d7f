// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryImport.h"

#include "Framework/Directory/DirectoryHistory.h"
#include "UnitTests/Directory/SecretsFixture.h"

#include <future>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr int MODALITIES_PROPERTY = 20;
    constexpr int PEERS_PROPERTY = 21;
  }

  class DirectoryImportTest : public SecretsTest
  {
  protected:
    void SetUp() override
    {
      SecretsTest::SetUp();
      configuration_ = files_.MakeConfiguration(KEY, {});
    }

    void SetProperty(const std::string& server, int property, const std::string& value)
    {
      Execute("INSERT INTO ServerProperties(server, property, value) VALUES ($1, $2, $3) "
              "ON CONFLICT (server, property) DO UPDATE SET value = EXCLUDED.value",
              server, property, value);
    }

    void Import(IDatabase& database)
    {
      const SecretBox box(configuration_);
      DirectoryImport::Run(database, configuration_, box,
                           {database_->GetDialect().GetServerPropertiesQuery(), core_}, "me");
    }

    // Answers what has been logged.
    std::string Import()
    {
      const LogCapture log;
      Import(GetDatabase());
      return log.Get();
    }

    std::vector<std::string> GetAets()
    {
      std::vector<std::string> aets;
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      transaction.QueryEach<std::string, std::string>(
          "SELECT name, configuration FROM SharedModalities ORDER BY name",
          [&aets](const std::string& name, const std::string& configuration)
          {
            aets.push_back(name + "=" + ParseJson(configuration)["AET"].asString());
          });
      return aets;
    }

    DirectoryConfiguration configuration_;
    Json::Value core_ = Json::objectValue;
  };

  TEST_P(DirectoryImportTest, NothingToImport)
  {
    EXPECT_EQ("", Import());
    EXPECT_EQ(0, GetVersion(MODALITIES));
    EXPECT_EQ(2, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedDirectories WHERE importedAt > 0"));
  }

  TEST_P(DirectoryImportTest, TheListsOfAllServersAreMerged)
  {
    SetProperty("m", MODALITIES_PROPERTY,
                R"({"a": ["OLD", "h", 1], "b": ["B", "h", 1], "same": ["S", "h", 1]})");
    SetProperty("z", MODALITIES_PROPERTY, R"({"a": ["NEWEST", "h", 1], "c": ["C", "h", "1"]})");
    SetProperty("b", MODALITIES_PROPERTY,
                R"({"d": ["D", "h", 1], "same": {"AET": "S", "Host": "h", "Port": 1}})");
    SetProperty("b", 22, R"({"other": ["D", "h", 1]})");
    const std::string log = Import();
    EXPECT_THAT(GetAets(), testing::ElementsAre("a=NEWEST", "b=B", "c=C", "d=D", "same=S"));
    EXPECT_EQ(5, GetVersion(MODALITIES));
    EXPECT_EQ(0, GetVersion(PEERS));
    EXPECT_THAT(log, testing::AllOf(testing::HasSubstr("server m"), testing::HasSubstr("that of server z"),
                                    testing::HasSubstr("NEWEST"), testing::HasSubstr("OLD"),
                                    testing::HasSubstr("5 modalities")));
    EXPECT_THAT(log, testing::Not(testing::HasSubstr("\"same\"")));
    const Json::Value history = DirectoryHistory::Read(GetDatabase(), {MODALITIES, "a"});
    ASSERT_EQ(1u, history.size());
    EXPECT_EQ("imported from server z", history[0]["Reason"].asString());
    EXPECT_EQ("me", history[0]["Replica"].asString());
    EXPECT_EQ("NEWEST", history[0]["After"]["AET"].asString());
    EXPECT_TRUE(history[0]["Before"].isNull());
    EXPECT_EQ(1, history[0]["Revision"].asInt());
  }

  TEST_P(DirectoryImportTest, TheLastWriteDecidesWhereTheEngineCanTell)
  {
    SetProperty("a", MODALITIES_PROPERTY, R"({"x": ["A", "h", 1]})");
    SetProperty("b", MODALITIES_PROPERTY, R"({"x": ["B", "h", 1]})");
    SetProperty("a", MODALITIES_PROPERTY, R"({"x": ["A2", "h", 1]})");
    Import();
    EXPECT_THAT(GetAets(), testing::ElementsAre(GetParam() == Engine::PostgreSQL ? "x=A2" : "x=B"));
  }

  TEST_P(DirectoryImportTest, SecretsAreSealedAndNotLogged)
  {
    SetProperty("a", PEERS_PROPERTY,
                R"({"p": ["http://h/", "user", "canary1"], "q": ["http://x:canary2@h/"]})");
    SetProperty("b", PEERS_PROPERTY,
                R"({"p": {"Url": "http://h/", "HttpHeaders": {"Token": "canary3"}, "Mine": "yes"},)"
                R"( "bad": {"Url": "ftp://canary4@h/"}, "worse": ["http://h/", "", "canary5"]})");
    const std::string log = Import();
    EXPECT_THAT(log, testing::Not(testing::HasSubstr("canary")));
    EXPECT_THAT(log, testing::AllOf(testing::HasSubstr("Token"), testing::HasSubstr("***"),
                                    testing::HasSubstr("\"bad\""), testing::HasSubstr("\"worse\"")));
    EXPECT_THAT(Dump(), testing::Not(testing::HasSubstr("canary")));
    const SecretBox box(configuration_);
    EXPECT_EQ("canary3", (*ReadPeer(box, "p"))["HttpHeaders"]["Token"].asString());
    EXPECT_EQ("yes", (*ReadPeer(box, "p"))["Mine"].asString());
    EXPECT_EQ("http://x:canary2@h/", (*ReadPeer(box, "q"))["Url"].asString());
    EXPECT_EQ(2, GetVersion(PEERS));
  }

  TEST_P(DirectoryImportTest, WithoutAKeyInTheClear)
  {
    configuration_.keyFile.clear();
    SetProperty("a", PEERS_PROPERTY, R"({"p": ["http://h/", "user", "canary"], "open": ["http://h/"]})");
    Import();
    EXPECT_EQ("canary", (*ReadPeer(MakeBox(""), "p"))["Password"].asString());
    EXPECT_FALSE(ReadPeer(MakeBox(""), "open")->isMember("Password"));
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedPeers WHERE secrets IS NULL"));
  }

  TEST_P(DirectoryImportTest, WhatIsInvalidIsLeftOut)
  {
    SetProperty("a", MODALITIES_PROPERTY, "{not JSON");
    SetProperty("b", MODALITIES_PROPERTY, "[]");
    SetProperty("c", MODALITIES_PROPERTY,
                R"({"a b": ["A", "h", 1], "": ["A", "h", 1], "port": ["A", "h", 0], "good": ["A", "h", 1]})");
    SetProperty("d", MODALITIES_PROPERTY, R"({"future": ["A", "h", 1, "NewVendor"], "null": null})");
    const std::string log = Import();
    EXPECT_THAT(GetAets(), testing::ElementsAre("future=A", "good=A"));
    EXPECT_THAT(log, testing::AllOf(testing::HasSubstr("server a is no valid JSON"),
                                    testing::HasSubstr("server b is no JSON object"),
                                    testing::HasSubstr("\"a b\""), testing::HasSubstr("\"port\""),
                                    testing::HasSubstr("\"null\"")));
  }

  TEST_P(DirectoryImportTest, OnceInTheLifeOfTheDatabase)
  {
    SetProperty("a", MODALITIES_PROPERTY, R"({"x": ["A", "h", 1]})");
    Import();
    SetProperty("a", MODALITIES_PROPERTY, R"({"x": ["B", "h", 1], "y": ["Y", "h", 1]})");
    EXPECT_EQ("", Import());
    EXPECT_THAT(GetAets(), testing::ElementsAre("x=A"));
    EXPECT_EQ(1, GetVersion(MODALITIES));
  }

  TEST_P(DirectoryImportTest, SeveralReplicasAtOnce)
  {
    Json::Value list(Json::objectValue);
    for (int i = 0; i < 200; i++)
    {
      list["m" + std::to_string(i)] = ParseJson(R"(["A", "h", 1])");
    }
    SetProperty("a", MODALITIES_PROPERTY, WriteJson(list));
    std::vector<std::unique_ptr<IDatabase>> databases;
    std::vector<std::future<void>> replicas;
    for (int i = 0; i < 4; i++)
    {
      databases.push_back(database_->Connect());
      replicas.push_back(std::async(std::launch::async,
                                    [this, &database = *databases.back()]
                                    {
                                      Import(database);
                                    }));
    }
    for (auto& replica : replicas)
    {
      EXPECT_NO_THROW(replica.get());
    }
    EXPECT_EQ(200, GetVersion(MODALITIES));
    EXPECT_EQ(200, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedModalities"));
    EXPECT_EQ(200, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedDirectoryHistory"));
    EXPECT_EQ(200, QueryValue<int64_t>("SELECT COUNT(DISTINCT version) FROM SharedModalities"));
  }

  TEST_P(DirectoryImportTest, OnlyListsThatAreShared)
  {
    SetProperty("a", MODALITIES_PROPERTY, R"({"x": ["A", "h", 1]})");
    SetProperty("a", PEERS_PROPERTY, R"({"p": ["http://h/"]})");
    configuration_.areModalitiesShared = false;
    Import();
    EXPECT_EQ(0, GetVersion(MODALITIES));
    EXPECT_EQ(1, GetVersion(PEERS));
    configuration_.areModalitiesShared = true; // later
    Import();
    EXPECT_EQ(1, GetVersion(MODALITIES));
    EXPECT_EQ(1, GetVersion(PEERS));
  }

  TEST_P(DirectoryImportTest, TheConfigurationFile)
  {
    core_ = ParseJson(
        R"({"DicomModalities": {"a": ["A", "h", 1, "ClearCanvas"], "b": {"AET": "B", "Host": "h", "Port": "2"},)"
        R"( "bad": 1}, "OrthancPeers": {"p": ["http://h", "u", "canary"], "q": {"URL": "http://q", "x": true}}})");
    EXPECT_EQ("", Import()); // not wanted
    configuration_.isFileImported = true;
    const std::string log = Import();
    EXPECT_THAT(log, testing::AllOf(testing::HasSubstr("\"bad\""), testing::HasSubstr("configuration file")));
    EXPECT_THAT(GetAets(), testing::ElementsAre("a=A", "b=B"));
    const SecretBox box(configuration_);
    EXPECT_EQ("canary", (*ReadPeer(box, "p"))["Password"].asString());
    EXPECT_EQ("1", (*ReadPeer(box, "q"))["x"].asString());
    EXPECT_THAT(log + Dump(), testing::Not(testing::HasSubstr("canary")));
    const Json::Value history = DirectoryHistory::Read(GetDatabase(), {PEERS, "p"});
    EXPECT_EQ("imported from the configuration file", history[0]["Reason"].asString());
    core_["DicomModalities"]["c"] = ParseJson(R"(["C", "h", 1])");
    EXPECT_EQ("", Import());
    EXPECT_EQ(2, GetVersion(MODALITIES));
  }

  TEST_P(DirectoryImportTest, TheConfigurationFileComesAfterTheServers)
  {
    SetProperty("a", MODALITIES_PROPERTY, R"({"x": ["A", "h", 1]})");
    SetProperty("a", PEERS_PROPERTY, "{}");
    core_ = ParseJson(R"({"DicomModalities": {"y": ["Y", "h", 1]}, "OrthancPeers": {"p": ["http://h/"]}})");
    configuration_.isFileImported = true;
    Import();
    EXPECT_THAT(GetAets(), testing::ElementsAre("x=A"));
    EXPECT_EQ(1, GetVersion(PEERS));
  }

  // All are gone again: that is how somebody wants it.
  TEST_P(DirectoryImportTest, NotIntoAListThatWasUsed)
  {
    Import();
    Execute("UPDATE SharedDirectories SET version = 2 WHERE kind = 0");
    core_ = ParseJson(R"({"DicomModalities": {"y": ["Y", "h", 1]}})");
    configuration_.isFileImported = true;
    Import();
    EXPECT_THAT(GetAets(), testing::IsEmpty());
  }

  TEST_P(DirectoryImportTest, WhatIsSharedAlreadyStays)
  {
    InsertPeer(MakeBox(KEY), "p", MakePeer(R"(["http://first/"])"));
    SetProperty("a", PEERS_PROPERTY, R"({"p": ["http://second/"], "q": ["http://h/"]})");
    Import();
    EXPECT_EQ("http://first/", (*ReadPeer(MakeBox(KEY), "p"))["Url"].asString());
    EXPECT_EQ(2, GetVersion(PEERS));
  }

  CONFORMANCE_SUITE(DirectoryImportTest);
}
