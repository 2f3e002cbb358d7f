// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Plugin/QueriesFixture.h"

namespace OrthancRegistry::Testing
{
  class Queries : public QueriesTest
  {
  };

  TEST_P(Queries, AskedAndRead)
  {
    const std::string id = Query();
    EXPECT_EQ(R"(["answers","level","modality","query","retrieve"])",
              WriteJson(ParseJson(Get(&QueriesHandler::Access, {id}).body)));
    EXPECT_EQ("[\"" + id + "\"]", WriteJson(ParseJson(Get(&QueriesHandler::List, {}).body)));
    const HttpAnswer level = Get(&QueriesHandler::AccessPart, {id, "level"});
    EXPECT_EQ("Study", level.body);
    EXPECT_EQ("text/plain", level.headers.at("Content-Type"));
    EXPECT_EQ("pacs", Get(&QueriesHandler::AccessPart, {id, "modality"}).body);
    EXPECT_EQ("*",
              ParseJson(Get(&QueriesHandler::AccessPart, {id, "query"}, {{"short", ""}}).body)["PatientID"]
                  .asString());
    EXPECT_EQ(R"(["0","1"])", WriteJson(ParseJson(Get(&QueriesHandler::ListAnswers, {id}).body)));
    EXPECT_EQ(R"(["0","1"])",
              WriteJson(ParseJson(Get(&QueriesHandler::ListAnswers, {id}, {{"expand", "false"}}).body)));
    const Json::Value all =
        ParseJson(Get(&QueriesHandler::ListAnswers, {id}, {{"expand", ""}, {"simplify", ""}}).body);
    EXPECT_EQ("P2", all[1]["PatientID"].asString());
    EXPECT_EQ(MakeStudyAnswer(1), ParseJson(Get(&QueriesHandler::GetAnswer, {id, "0"}).body));
    EXPECT_EQ(R"(["content","retrieve","query-series","query-instances"])",
              WriteJson(ParseJson(Get(&QueriesHandler::ListOperations, {id, "1"}).body)));
  }

  TEST_P(Queries, UnknownAndWrongIndexes)
  {
    const std::string id = Query();
    const auto getAnswer = [&](const std::string& query, const std::string& index)
    {
      return GetRefusal(
          [&]
          {
            Get(&QueriesHandler::GetAnswer, {query, index});
          });
    };
    EXPECT_EQ(ErrorCode::Success, getAnswer(id, "+1"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, getAnswer(id, "2"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, getAnswer(id, "-1"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, getAnswer(id, "9223372036854775807"));
    for (const char* index : {"x", "1x", "", "1.0", "99999999999999999999999", "+-1", " 1"})
    {
      EXPECT_EQ(ErrorCode::BadParameterType, getAnswer(id, index)) << index;
    }
    EXPECT_EQ(ErrorCode::UnknownResource, getAnswer("nope", "0"));
    EXPECT_EQ(ErrorCode::BadParameterType, getAnswer("nope", "x"));
    EXPECT_EQ(ErrorCode::UnknownResource, GetRefusal(
                                              [&]
                                              {
                                                Get(&QueriesHandler::ListOperations, {"nope", "x"});
                                              }));
    EXPECT_EQ(ErrorCode::UnknownResource, GetRefusal(
                                              [&]
                                              {
                                                Get(&QueriesHandler::Access, {"nope"});
                                              }));
  }

  TEST_P(Queries, DeletionNeverFails)
  {
    const std::string id = Query();
    for (const std::string& query : {id, id, std::string("nope")})
    {
      HttpCall call;
      call.method = HttpMethod::Delete;
      call.groups = {query};
      const HttpAnswer answer = Call(&QueriesHandler::Access, call);
      EXPECT_EQ(200, answer.status);
      EXPECT_EQ("", answer.body);
    }
    EXPECT_TRUE(store_->GetIds().empty());
  }

  TEST_P(Queries, WrongMethods)
  {
    const auto getAllowed = [this](Route route, HttpMethod method)
    {
      HttpCall call;
      call.method = method;
      call.groups = {"a", "0", "series"};
      const HttpAnswer answer = Call(route, call);
      EXPECT_EQ(405, answer.status);
      return answer.allowedMethods;
    };
    EXPECT_EQ("POST", getAllowed(&QueriesHandler::Query, HttpMethod::Get));
    EXPECT_EQ("GET", getAllowed(&QueriesHandler::List, HttpMethod::Post));
    EXPECT_EQ("GET,DELETE", getAllowed(&QueriesHandler::Access, HttpMethod::Put));
    EXPECT_EQ("GET", getAllowed(&QueriesHandler::AccessPart, HttpMethod::Delete));
    EXPECT_EQ("GET", getAllowed(&QueriesHandler::ListAnswers, HttpMethod::Post));
    EXPECT_EQ("GET", getAllowed(&QueriesHandler::ListOperations, HttpMethod::Post));
    EXPECT_EQ("GET", getAllowed(&QueriesHandler::GetAnswer, HttpMethod::Post));
    EXPECT_EQ("POST", getAllowed(&QueriesHandler::QueryChildren, HttpMethod::Get));
    EXPECT_EQ("POST", getAllowed(&QueriesHandler::RetrieveAnswer, HttpMethod::Delete));
    EXPECT_EQ("POST", getAllowed(&QueriesHandler::RetrieveAllAnswers, HttpMethod::Get));
  }

  TEST_P(Queries, RefusedInTheOrderOfTheCore)
  {
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal("nope"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal("[]"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal("{}"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal(R"({"Level": 1})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal(R"({"Level": "Study", "Normalize": 1})", "nope"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal(R"({"Level": "Study", "Query": []})", "nope"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal(R"({"Level": "Study", "LocalAet": 1})", "nope"));
    EXPECT_EQ(ErrorCode::InexistentItem, GetQueryRefusal(R"({"Level": "nope"})", "nope"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetQueryRefusal(R"({"Level": "nope", "Query": {"x": ""}})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal(R"({"Level": "Study", "Query": {"nope": ""}})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal(R"({"Level": "Study", "Query": {"PatientID": 1}})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetQueryRefusal(R"({"Level": "Study", "Timeout": "1"})"));
    EXPECT_EQ(ErrorCode::BadParameterType, GetQueryRefusal(R"({"Level": "Study", "Timeout": -1})"));
    EXPECT_EQ(0u, client_.calls.size());
    client_.failure = ErrorCode::NetworkProtocol;
    EXPECT_EQ(ErrorCode::NetworkProtocol, GetQueryRefusal(R"({"Level": "Study"})"));
    EXPECT_TRUE(store_->GetIds().empty());
    EXPECT_EQ(413, Post(&QueriesHandler::Query, {"pacs"}, std::string(2000000, ' ')).status);
  }

  TEST_P(Queries, WhatIsFrozen)
  {
    client_.modalities["pacs"] = {"LOCAL", "C-GET"};
    auto query = store_
                     ->Read(Query(R"({"Level": "Studies", "LocalAet": "OTHER", "Timeout": 7,
                                     "Normalize": false})"),
                            AnswerRange::None())
                     .value()
                     .query;
    EXPECT_EQ("OTHER", query.localAet);
    EXPECT_EQ("LOCAL", query.targetAet);
    EXPECT_EQ("C-GET", query.retrieveMethod);
    EXPECT_EQ(7u, query.timeoutSeconds);
    EXPECT_FALSE(query.isNormalized);
    client_.modalities["pacs"] = {};
    query = store_->Read(Query(), AnswerRange::None()).value().query;
    EXPECT_EQ("ORTHANC", query.localAet);
    EXPECT_EQ("ORTHANC", query.targetAet);
    EXPECT_EQ("SystemDefault", query.retrieveMethod);
    EXPECT_TRUE(query.isNormalized);
  }

  TEST_P(Queries, OnlySoManyAreKept)
  {
    configuration_.size = 2;
    retention_ = std::make_unique<QueryRetention>(configuration_, GetDatabase());
    const std::string first = Query();
    Query();
    const std::string last = Query();
    const auto ids = store_->GetIds();
    EXPECT_EQ(2u, ids.size());
    EXPECT_FALSE(store_->Read(first, AnswerRange::None()));
    EXPECT_TRUE(store_->Read(last, AnswerRange::None()));
  }

  TEST_P(Queries, Children)
  {
    const std::string id =
        Query(R"({"Level": "Study", "Normalize": false, "Timeout": 5, "LocalAet": "OTHER"})");
    client_.modalities["pacs"].localAet = "LOCAL";
    const HttpAnswer answer = Post(
        &QueriesHandler::QueryChildren, {id, "1", "series"},
        R"({"Query": {"PatientID": "x", "StudyInstanceUID": "9.9"}, "Level": "Patient", "Normalize": true})");
    EXPECT_EQ(
        R"({"Level":"Series","Normalize":false,"Query":{"0010,0020":"x","0020,000d":"1.2.2"},"Timeout":5})",
        WriteJson(client_.calls.back().second));
    const auto child =
        store_->Read(ParseJson(answer.body)["ID"].asString(), AnswerRange::None()).value().query;
    EXPECT_EQ(ResourceLevel::Series, child.level);
    EXPECT_EQ("LOCAL", child.localAet); // not that of the parent
    Post(&QueriesHandler::QueryChildren, {id, "0", "instances"}, R"({"Timeout": 0})");
    EXPECT_EQ(0, client_.calls.back().second["Timeout"].asInt());
    EXPECT_EQ("Instance", client_.calls.back().second["Level"].asString());
  }

  TEST_P(Queries, RefusedChildren)
  {
    const std::string id = Query();
    const auto refusal = [&](const std::string& index, const std::string& level, const std::string& body)
    {
      return GetRefusal(
          [&]
          {
            Post(&QueriesHandler::QueryChildren, {id, index, level}, body);
          });
    };
    EXPECT_EQ(ErrorCode::BadParameterType, refusal("x", "series", "{}"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, refusal("2", "studies", "{}"));
    EXPECT_EQ(ErrorCode::UnknownResource, refusal("0", "studies", "nope"));
    EXPECT_EQ(ErrorCode::BadFileFormat, refusal("0", "series", "nope"));
    EXPECT_EQ(ErrorCode::BadFileFormat, refusal("0", "series", R"({"Query": 1})"));
    client_.answers[0].removeMember("0020,000d");
    const std::string other = Query();
    EXPECT_EQ(ErrorCode::InexistentTag, GetRefusal(
                                            [&]
                                            {
                                              Post(&QueriesHandler::QueryChildren, {other, "0", "series"},
                                                   "{}");
                                            }));
  }

  CONFORMANCE_SUITE(Queries);
}
