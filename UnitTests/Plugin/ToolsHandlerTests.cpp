// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/ToolsHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Plugin/ReplicaCallRules.h"
#include "UnitTests/Replicas/CallingReplica.h"

namespace OrthancRegistry::Testing
{
  class ToolsHandlerTest : public ReplicaCallsTest
  {
  protected:
    void SetUp() override
    {
      ReplicaCallsTest::SetUp();
      rule_ = ReplicaCallRules::IsAllowed;
    }

    HttpAnswer Access(HttpMethod method, const std::string& setting, const std::string& body = "")
    {
      return MakeHandler().Access(MakeCall(method, "/cluster/tools/", setting, body));
    }

    HttpAnswer Change(HttpMethod method, const std::string& setting, const std::string& body = "")
    {
      return MakeHandler().Change(MakeCall(method, "/cluster/everywhere/tools/", setting, body));
    }

    ErrorCode GetRefusal(HttpMethod method, const std::string& setting, const std::string& body = "")
    {
      try
      {
        Access(method, setting, body);
      }
      catch (const RegistryError& error)
      {
        return error.GetCode();
      }
      return ErrorCode::Success;
    }

  private:
    static HttpCall MakeCall(HttpMethod method, const std::string& path, const std::string& setting,
                             const std::string& body)
    {
      HttpCall call;
      call.method = method;
      call.path = path + setting;
      call.groups = {setting};
      call.body = body;
      return call;
    }

    ToolsHandler MakeHandler()
    {
      JobsOptions options;
      options.describeErrors = false; // the texts are those of the core
      return ToolsHandler(options, replicas_.at(0)->Get());
    }
  };

  CONFORMANCE_SUITE(ToolsHandlerTest);

  TEST_P(ToolsHandlerTest, AllReplicasAreSet)
  {
    CallingReplica& b = AddReplica("b");
    CallingReplica& a = AddReplica("a");
    a.GetCore().Answer(
        [](const CoreRequest&)
        {
          return CoreReply{200, 0, "", "application/json", "[ \"1.2\" ]"};
        });
    const HttpAnswer answer = Access(HttpMethod::Put, "accepted-transfer-syntaxes", "1.2");
    EXPECT_EQ(200, answer.status);
    EXPECT_EQ("application/json", answer.headers.at("Content-Type"));
    const Json::Value json = ParseJson(answer.body);
    EXPECT_EQ(0, json["Failed"].asInt());
    ASSERT_EQ(2u, json["Replicas"].size());
    EXPECT_EQ("Name of a", json["Replicas"][0]["Name"].asString());
    EXPECT_EQ("a", json["Replicas"][0]["ServerIdentifier"].asString());
    EXPECT_EQ(a.GetIdentity().incarnation, json["Replicas"][0]["Incarnation"].asString());
    EXPECT_EQ(200, json["Replicas"][0]["HttpStatus"].asInt());
    EXPECT_EQ("1.2", json["Replicas"][0]["Answer"][0].asString());
    EXPECT_EQ("done", json["Replicas"][1]["Answer"].asString());
    for (CallingReplica* const replica : {&a, &b})
    {
      ASSERT_EQ(1u, replica->GetCore().GetRequests().size());
      EXPECT_EQ("/tools/accepted-transfer-syntaxes", replica->GetCore().GetRequests()[0].uri);
      EXPECT_EQ(CoreMethod::Put, replica->GetCore().GetRequests()[0].method);
      EXPECT_EQ("1.2", replica->GetCore().GetRequests()[0].body);
    }
    EXPECT_EQ(200, Access(HttpMethod::Get, "metrics").status);
    EXPECT_EQ(CoreMethod::Get, a.GetCore().GetRequests()[1].method);
  }

  TEST_P(ToolsHandlerTest, WhatTheOwnCoreRefusesReachesNoOther)
  {
    CallingReplica& a = AddReplica("a");
    CallingReplica& b = AddReplica("b");
    a.GetCore().Refuse(ErrorCode::ParameterOutOfRange, 400);
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetRefusal(HttpMethod::Put, "log-level", "nonsense"));
    EXPECT_TRUE(b.GetCore().GetRequests().empty());
  }

  TEST_P(ToolsHandlerTest, FailuresOfOthersAreReported)
  {
    options_.patience = std::chrono::milliseconds(500);
    AddReplica("a");
    AddReplica("b").GetCore().Refuse(ErrorCode::UnknownResource, 404);
    HttpAnswer answer = Access(HttpMethod::Put, "log-level-http", "trace");
    EXPECT_EQ(500, answer.status);
    EXPECT_EQ(1, ParseJson(answer.body)["Failed"].asInt());
    EXPECT_EQ(404, ParseJson(answer.body)["Replicas"][1]["HttpStatus"].asInt());

    AddReplica("c", false);
    answer = Access(HttpMethod::Put, "log-level-http", "trace");
    EXPECT_EQ(503, answer.status);
    const Json::Value json = ParseJson(answer.body);
    EXPECT_EQ(2, json["Failed"].asInt());
    EXPECT_EQ("done", json["Replicas"][0]["Answer"].asString());
    EXPECT_EQ("Refused", json["Replicas"][1]["Error"].asString());
    EXPECT_FALSE(json["Replicas"][2].isMember("HttpStatus"));
    EXPECT_NE(std::string::npos, json["Replicas"][2]["Error"].asString().find("will not be"));
  }

  TEST_P(ToolsHandlerTest, AChangeIsAnsweredAsByOneCore)
  {
    AddReplica("a").GetCore().Answer(
        [](const CoreRequest&)
        {
          return CoreReply{200, 0, "", "application/json", "[ \"1.2\" ]"};
        });
    CallingReplica& b = AddReplica("b");
    HttpAnswer answer = Change(HttpMethod::Put, "accepted-transfer-syntaxes", "1.2");
    EXPECT_EQ(200, answer.status);
    EXPECT_EQ("[ \"1.2\" ]", answer.body);
    EXPECT_EQ("application/json", answer.headers.at("Content-Type"));
    ASSERT_EQ(1u, b.GetCore().GetRequests().size());
    EXPECT_EQ("1.2", b.GetCore().GetRequests()[0].body);

    b.GetCore().Refuse(ErrorCode::UnknownResource, 404);
    answer = Change(HttpMethod::Put, "log-level-http", "trace");
    EXPECT_EQ(500, answer.status);
    EXPECT_EQ(1, ParseJson(answer.body)["Failed"].asInt());

    EXPECT_EQ("PUT", Change(HttpMethod::Get, "log-level").allowedMethods);
    for (const char* wrong : {"execute-script", "accepted-sop-classes", "log-level-../x", ""})
    {
      EXPECT_THROW(Change(HttpMethod::Put, wrong), RegistryError) << wrong;
    }
    EXPECT_EQ(413, Change(HttpMethod::Put, "default-encoding", std::string(65537, 'x')).status);
  }

  TEST_P(ToolsHandlerTest, OnlySettings)
  {
    AddReplica("a");
    for (const char* wrong : {"reset", "shutdown", "execute-script", "now", "log-level-", "log-level-../x",
                              "metrics-prometheus", "", "log-level-HTTP"})
    {
      EXPECT_EQ(ErrorCode::UnknownResource, GetRefusal(HttpMethod::Put, wrong)) << wrong;
      EXPECT_EQ(ErrorCode::UnknownResource, GetRefusal(HttpMethod::Get, wrong)) << wrong;
    }
    EXPECT_EQ("GET,PUT", Access(HttpMethod::Post, "log-level").allowedMethods);
    EXPECT_EQ("GET", Access(HttpMethod::Put, "accepted-sop-classes").allowedMethods);
    EXPECT_EQ(200, Access(HttpMethod::Get, "accepted-sop-classes").status);
    EXPECT_EQ(200, Access(HttpMethod::Put, "default-encoding", std::string(65536, 'x')).status);
    EXPECT_EQ(413, Access(HttpMethod::Put, "default-encoding", std::string(65537, 'x')).status);
    EXPECT_EQ(2u, replicas_[0]->GetCore().GetRequests().size());
  }

  TEST(ReplicaCallRules, NothingElse)
  {
    using namespace ReplicaCallRules;
    EXPECT_TRUE(IsAllowed({CoreMethod::Put, "/tools/log-level", ""}));
    EXPECT_TRUE(IsAllowed({CoreMethod::Get, "/tools/log-level-dicom", ""}));
    EXPECT_TRUE(IsAllowed({CoreMethod::Get, "/storage-commitment/2.25.17", ""}));
    for (const char* uri :
         {"/tools/shutdown", "/tools/log-level/", "/tools/log-level?x", "/tools/log-level-http/../reset",
          "tools/metrics", "/tools/accepted-sop-classes", "/storage-commitment/2.25.17",
          "/storage-commitment/2.25.17/remove", "/instances", ""})
    {
      EXPECT_FALSE(IsAllowed({CoreMethod::Put, uri, ""})) << uri;
    }
    for (const char* uri : {"/storage-commitment/", "/storage-commitment/..", "/storage-commitment/2..5",
                            "/storage-commitment/1.2/remove", "/storage-commitment/1?x", "/system"})
    {
      EXPECT_FALSE(IsAllowed({CoreMethod::Get, uri, ""})) << uri;
    }
    EXPECT_FALSE(IsTransactionUid(std::string(65, '1')));
    EXPECT_FALSE(IsAllowed({static_cast<CoreMethod>(2), "/tools/metrics", ""}));
  }
}
