// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/QueryClient.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr const char* ID = "11111111-2222-3333-4444-555555555555";
    const std::string URI = std::string("/queries/") + ID;
  }

  // A core that answers what it is told, and remembers what it was asked
  class QueryClientTest : public testing::Test
  {
  protected:
    QueryClientTest()
    {
      answers_["POST /modalities/pacs/query"] = std::string(R"({"ID": ")") + ID + R"(", "Path": "x"})";
      answers_["GET " + URI + "/answers"] = R"(["0"])";
      answers_["GET " + URI + "/answers?expand"] = R"([{"0010,0020": {"Name": "PatientID"}}])";
      answers_["GET " + URI + "/query"] = R"({"0010,0020": {}})";
      answers_["DELETE " + URI] = "";
    }

    CoreAnswer Call(const std::string& call)
    {
      calls_.push_back(call);
      const auto found = answers_.find(call);
      if (found == answers_.end() || (call.starts_with("GET") && evictions_ > 0 && evictions_-- > 0))
      {
        throw RegistryError(ErrorCode::UnknownResource, "Unknown");
      }
      return {200, found->second, {}};
    }

    QueryClient Make()
    {
      return QueryClient(
          [this](HttpMethod method, const std::string& uri, std::string_view body)
          {
            body_ = body.empty() ? body_ : std::string(body);
            return Call(std::string(GetName(method)) + " " + uri);
          });
    }

    ErrorCode GetRefusal()
    {
      try
      {
        Make().Run("pacs", Json::objectValue);
      }
      catch (const RegistryError& error)
      {
        return error.GetCode();
      }
      return ErrorCode::Success;
    }

    int64_t Count(const std::string& call) const
    {
      return std::count(calls_.begin(), calls_.end(), call);
    }

    std::map<std::string, std::string> answers_;
    std::vector<std::string> calls_;
    std::string body_;
    int evictions_ = 0;
  };

  TEST_F(QueryClientTest, TakesTheHandleOverFromTheCore)
  {
    const CoreQuery query = Make().Run("pacs", ParseJson(R"({"Level": "Study"})"));
    EXPECT_EQ(R"({"Level":"Study"})", body_);
    EXPECT_EQ(ID, query.id);
    EXPECT_TRUE(query.query.isMember("0010,0020"));
    ASSERT_EQ(1u, query.answers.size());
    EXPECT_EQ("PatientID", query.answers[0]["0010,0020"]["Name"].asString());
    EXPECT_EQ("DELETE " + URI, calls_.back());
  }

  TEST_F(QueryClientTest, AsksAgainIfTheCoreHasEvictedTheHandle)
  {
    evictions_ = 2;
    EXPECT_EQ(ErrorCode::Success, GetRefusal());
    EXPECT_EQ(3, Count("POST /modalities/pacs/query"));
    calls_.clear();
    evictions_ = 3;
    EXPECT_EQ(ErrorCode::DatabaseUnavailable, GetRefusal());
    EXPECT_EQ(3, Count("POST /modalities/pacs/query"));
  }

  TEST_F(QueryClientTest, TooManyAnswersAreRefusedAndForgotten)
  {
    Json::Value indices = Json::arrayValue;
    for (int i = 0; i < 50001; i++)
    {
      indices.append(std::to_string(i));
    }
    answers_["GET " + URI + "/answers"] = WriteJson(indices);
    EXPECT_EQ(ErrorCode::BadRequest, GetRefusal());
    EXPECT_EQ("DELETE " + URI, calls_.back());
    EXPECT_EQ(0, Count("GET " + URI + "/answers?expand"));
  }

  TEST_F(QueryClientTest, TooLongAnswersAreRefusedAndForgotten)
  {
    answers_["GET " + URI + "/answers?expand"] = std::string(64 * 1024 * 1024 + 1, ' ');
    EXPECT_EQ(ErrorCode::BadRequest, GetRefusal());
    EXPECT_EQ("DELETE " + URI, calls_.back());
  }

  TEST_F(QueryClientTest, WhatTheCoreRefusesIsRefused)
  {
    answers_.erase("POST /modalities/pacs/query");
    EXPECT_EQ(ErrorCode::UnknownResource, GetRefusal());
    answers_["POST /modalities/pacs/query"] = "{}";
    EXPECT_EQ(ErrorCode::InternalError, GetRefusal());
    EXPECT_EQ(0, Count("DELETE " + URI));
  }

  TEST_F(QueryClientTest, FailedDeletionDoesNoHarm)
  {
    answers_.erase("DELETE " + URI);
    EXPECT_EQ(ErrorCode::Success, GetRefusal());
  }

  TEST_F(QueryClientTest, FactsOfAModality)
  {
    answers_["GET /modalities/old/configuration"] = R"({"AET": "X"})"; // before Orthanc 1.12.6
    answers_["GET /modalities/new/configuration"] = R"({"LocalAet": "ME", "RetrieveMethod": "C-GET"})";
    EXPECT_EQ("", Make().GetModality("old").localAet);
    EXPECT_EQ("SystemDefault", Make().GetModality("old").retrieveMethod);
    EXPECT_EQ("ME", Make().GetModality("new").localAet);
    EXPECT_EQ("C-GET", Make().GetModality("new").retrieveMethod);
  }
}
