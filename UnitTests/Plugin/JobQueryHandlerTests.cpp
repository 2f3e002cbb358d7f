// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobQueryHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Jobs/JobFormat.h"
#include "Framework/Plugin/ClusterHandler.h"
#include "UnitTests/Jobs/TestCluster.h"
#include "UnitTests/Jobs/TestJobs.h"

#include <algorithm>

namespace OrthancRegistry::Testing
{
  namespace
  {
    std::string Describe(int errorCode)
    {
      return "Error " + std::to_string(errorCode);
    }

    HttpCall Get(const std::map<std::string, std::string>& arguments)
    {
      HttpCall call;
      call.arguments = arguments;
      return call;
    }

    std::string ReadBody(const HttpAnswer& answer)
    {
      std::string body = answer.body;
      if (answer.stream)
      {
        answer.stream(
            [&body](std::string_view chunk)
            {
              body += chunk;
            });
      }
      return body;
    }
  }

  class JobQueryHandlerTest : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      configuration_.historySize = 0;
      configuration_.historyDays = 0;
      replica_ = &AddReplica("a", false);
      handler_ = std::make_unique<JobQueryHandler>(replica_->Get(), Describe);
    }

    HttpAnswer List(const std::map<std::string, std::string>& arguments)
    {
      return handler_->List(Get(arguments));
    }

    HttpAnswer Read(const std::string& id, const std::string& ifNoneMatch = "")
    {
      HttpCall call;
      if (!ifNoneMatch.empty())
      {
        call.headers["if-none-match"] = ifNoneMatch;
      }
      return handler_->Read(call, id);
    }

    TestReplica* replica_ = nullptr;
    std::unique_ptr<JobQueryHandler> handler_;
  };

  TEST_P(JobQueryHandlerTest, WithoutArgumentsSortedById)
  {
    EXPECT_EQ("[]\n", ReadBody(List({})));
    EXPECT_EQ("[]\n", ReadBody(List({{"expand", ""}})));
    auto ids = InsertJobs(GetDatabase(), std::vector<TestJob>(250));
    std::sort(ids.begin(), ids.end());
    for (const char* expand : {"false", "true"})
    {
      const HttpAnswer answer = List({{"expand", expand}});
      EXPECT_EQ(200, answer.status);
      EXPECT_EQ("application/json", answer.headers.at("Content-Type"));
      EXPECT_EQ(1u, answer.headers.size());
      const Json::Value json = ParseJson(ReadBody(answer));
      ASSERT_EQ(ids.size(), json.size());
      for (Json::ArrayIndex i = 0; i < json.size(); i++)
      {
        EXPECT_EQ(ids[i], json[i].isString() ? json[i].asString() : json[i]["ID"].asString());
      }
    }
    EXPECT_THROW(List({{"expand", "maybe"}}), RegistryError);
  }

  TEST_P(JobQueryHandlerTest, StreamedTextIsThatOfTheWholeArray)
  {
    TestJob job;
    for (const char* content :
         {"{}", R"({"A":[],"B":{},"C":[1,2,[3,{"D":"line\nline"}]],"E":[{"F":null}]})",
          R"({"Long":["0123456789012345678901234567890","01234567890123456789012345"]})"})
    {
      job.content = content;
      InsertJob(GetDatabase(), job);
      const std::string body = ReadBody(List({{"expand", ""}}));
      EXPECT_EQ(WriteStyledJson(ParseJson(body)), body);
    }
  }

  TEST_P(JobQueryHandlerTest, StreamIsSentInPieces)
  {
    TestJob job;
    job.content = "{\"Text\":\"" + std::string(10000, 'x') + "\"}";
    InsertJobs(GetDatabase(), std::vector<TestJob>(1000, job));
    size_t total = 0;
    size_t longest = 0;
    List({{"expand", ""}})
        .stream(
            [&](std::string_view chunk)
            {
              total += chunk.size();
              longest = std::max(longest, chunk.size());
            });
    EXPECT_GT(total, 10000000u);
    EXPECT_LT(longest, 2000000u);
  }

  TEST_P(JobQueryHandlerTest, StreamBreaksWhenTheReplicaStops)
  {
    InsertJobs(GetDatabase(), std::vector<TestJob>(500));
    const HttpAnswer answer = List({{"expand", ""}});
    std::string body;
    EXPECT_ANY_THROW(answer.stream(
        [&](std::string_view chunk)
        {
          body += chunk;
          replica_->Get().SendWaitersAway();
        }));
    EXPECT_FALSE(body.ends_with("]\n"));
  }

  TEST_P(JobQueryHandlerTest, PagesByHeader)
  {
    const auto ids = InsertJobs(GetDatabase(), std::vector<TestJob>(25));
    for (const bool isExpanded : {false, true})
    {
      std::vector<std::string> seen;
      std::map<std::string, std::string> arguments = {{"limit", "10"}, {"order", "desc"}};
      if (isExpanded)
      {
        arguments["expand"] = "";
      }
      for (int page = 0; page < 3; page++)
      {
        const HttpAnswer answer = List(arguments);
        for (const Json::Value& job : ParseJson(ReadBody(answer)))
        {
          seen.push_back(isExpanded ? job["ID"].asString() : job.asString());
        }
        EXPECT_EQ(page < 2, answer.headers.contains("X-Next-Page"));
        if (page < 2)
        {
          arguments["page"] = answer.headers.at("X-Next-Page");
        }
      }
      EXPECT_EQ(std::vector<std::string>(ids.rbegin(), ids.rend()), seen);
    }
    EXPECT_EQ(
        15u, ParseJson(ReadBody(List({{"page", List({{"limit", "10"}}).headers.at("X-Next-Page")}}))).size());
    EXPECT_THROW(List({{"page", "x"}}), RegistryError);
    EXPECT_EQ(0u, ParseJson(ReadBody(List({{"state", "Failure"}, {"expand", ""}}))).size());
  }

  TEST_P(JobQueryHandlerTest, EntityTags)
  {
    const std::string id = InsertJob(GetDatabase(), TestJob());
    const HttpAnswer answer = Read(id);
    EXPECT_EQ(200, answer.status);
    EXPECT_EQ("\"1\"", answer.headers.at("ETag"));
    for (const char* tags : {"\"1\"", "W/\"1\"", "\"7\", \"1\"", "\"7\",W/\"1\" ", "*"})
    {
      const HttpAnswer same = Read(id, tags);
      EXPECT_EQ(304, same.status) << tags;
      EXPECT_EQ("", same.body);
      EXPECT_EQ("\"1\"", same.headers.at("ETag"));
    }
    for (const char* tags : {"\"2\"", "1", "\"11\"", ",", "\"1"})
    {
      EXPECT_EQ(200, Read(id, tags).status) << tags;
    }
    EXPECT_EQ(404, Read("11111111-2222-3333-4444-555555555555", "*").status);
  }

  TEST_P(JobQueryHandlerTest, WaitArguments)
  {
    const std::string id = InsertJob(GetDatabase(), TestJob());
    for (const char* wrong : {"-1", "301", "x", "", "1.5"})
    {
      EXPECT_THROW(handler_->Read(Get({{"wait", wrong}}), id), RegistryError) << wrong;
      if (std::string(wrong) != "301")
      {
        EXPECT_THROW(handler_->Read(Get({{"revision", wrong}}), id), RegistryError) << wrong;
      }
    }
    EXPECT_EQ(200, handler_->Read(Get({{"wait", "300"}, {"revision", "0"}}), id).status);
    EXPECT_EQ(200, handler_->Read(Get({{"wait", "0"}}), id).status);
    replica_->Get().SendWaitersAway();
    const HttpAnswer busy = handler_->Read(Get({{"wait", "300"}}), id);
    EXPECT_EQ("1", busy.headers.at("Retry-After"));
    EXPECT_EQ(1, ParseJson(busy.body)["Revision"].asInt());
  }

  TEST_P(JobQueryHandlerTest, ClusterRoutes)
  {
    InsertJobs(GetDatabase(), std::vector<TestJob>(3));
    std::string asked;
    ClusterHandler cluster(replica_->Get(),
                           [&asked](const std::string& action)
                           {
                             asked = action;
                             return [](const std::string&)
                             {
                               return BulkOutcome::Changed;
                             };
                           });
    HttpCall call;
    EXPECT_EQ(1u, ParseJson(cluster.GetReplicas(call).body).size());
    EXPECT_EQ(3, ParseJson(cluster.GetStatistics(call).body)["Total"].asInt());
    EXPECT_EQ("POST", cluster.ApplyToJobs(call).allowedMethods);
    call.method = HttpMethod::Post;
    EXPECT_EQ("GET", cluster.GetReplicas(call).allowedMethods);
    EXPECT_EQ(405, cluster.GetStatistics(call).status);
    call.groups = {"cancel"};
    call.body = R"({"State": "Pending"})";
    EXPECT_EQ(3, ParseJson(cluster.ApplyToJobs(call).body)["Changed"].asInt());
    EXPECT_EQ("cancel", asked);
    call.body = "{}";
    EXPECT_THROW(cluster.ApplyToJobs(call), RegistryError);
  }

  CONFORMANCE_SUITE(JobQueryHandlerTest);
}
