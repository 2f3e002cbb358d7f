// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Plugin/QueriesFixture.h"

namespace OrthancRegistry::Testing
{
  class QueriesRetrieval : public QueriesTest
  {
  };

  TEST_P(QueriesRetrieval, RetrievedByMove)
  {
    client_.answers[1]["0008,0050"]["Type"] = "Null";
    client_.answers[1]["0008,0050"]["Value"] = Json::nullValue;
    const std::string id = Query(R"({"Level": "Study", "Timeout": 5, "LocalAet": "OTHER"})");
    EXPECT_EQ(ParseJson(R"({"Level": "Study", "LocalAet": "OTHER", "TargetAet": "ORTHANC", "Timeout": 5,
      "Resources": [{"0008,0050": "", "0010,0020": "P1", "0020,000d": "1.2.1"},
                    {"0010,0020": "P2", "0020,000d": "1.2.2"}]})"),
              Retrieve(id, ""));
    EXPECT_EQ("/modalities/pacs/move", jobUri_);
    EXPECT_EQ("/path", jobPath_); // for the description of errors
    EXPECT_EQ("SOMEONE", Retrieve(id, "SOMEONE")["TargetAet"].asString());
    const Json::Value body = Retrieve(id, R"({"TargetAet": "SOMEONE", "Timeout": 9, "Asynchronous": true,
      "Priority": 3, "Permissive": true, "UserData": [1], "DelaySeconds": 4, "Resources": "x"})");
    EXPECT_EQ("SOMEONE", body["TargetAet"].asString());
    EXPECT_EQ(9, body["Timeout"].asInt());
    EXPECT_TRUE(body["Asynchronous"].asBool());
    EXPECT_EQ(3, body["Priority"].asInt());
    EXPECT_TRUE(body["Permissive"].asBool());
    EXPECT_EQ(1, body["UserData"][0].asInt());
    EXPECT_EQ(4, body["DelaySeconds"].asInt());
    EXPECT_EQ(2u, body["Resources"].size());
    EXPECT_EQ(5, Retrieve(id, R"({"Timeout": -9})")["Timeout"].asInt());

    Post(&QueriesHandler::RetrieveAnswer, {id, "1"}, "");
    EXPECT_EQ(1u, jobBody_["Resources"].size());
    EXPECT_EQ("P2", jobBody_["Resources"][0]["0010,0020"].asString());
  }

  TEST_P(QueriesRetrieval, MethodOfRetrieval)
  {
    const std::string id = Query();
    const Json::Value get = Retrieve(id, R"({"RetrieveMethod": "C-GET", "TargetAet": "X"})");
    EXPECT_EQ("/modalities/pacs/get", jobUri_);
    EXPECT_FALSE(get.isMember("TargetAet"));
    Retrieve(id, R"({"RetrieveMethod": "C-MOVE"})");
    EXPECT_EQ("/modalities/pacs/move", jobUri_);

    client_.modalities["pacs"].retrieveMethod = "C-GET";
    const std::string other = Query();
    Retrieve(other, R"({"RetrieveMethod": ""})");
    EXPECT_EQ("/modalities/pacs/get", jobUri_);
    Retrieve(other, R"({"RetrieveMethod": "SystemDefault"})");
    EXPECT_EQ("/modalities/pacs/move", jobUri_);
    configuration_.retrieveMethod = "C-GET";
    Retrieve(id, "");
    EXPECT_EQ("/modalities/pacs/get", jobUri_);
    hasCGet_ = false;
    Retrieve(other, "");
    EXPECT_EQ("/modalities/pacs/move", jobUri_);
  }

  TEST_P(QueriesRetrieval, RefusedRetrievals)
  {
    const std::string id = Query();
    EXPECT_EQ(ErrorCode::UnknownResource, GetRetrieveRefusal("nope", "[]"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRetrieveRefusal(id, "[]"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRetrieveRefusal(id, "\"ORTHANC\""));
    EXPECT_EQ(ErrorCode::BadParameterType, GetRetrieveRefusal(id, R"({"TargetAet": 1})"));
    EXPECT_EQ(ErrorCode::BadParameterType, GetRetrieveRefusal(id, R"({"Timeout": "1"})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRetrieveRefusal(id, R"({"RetrieveMethod": 1})"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetRetrieveRefusal(id, R"({"RetrieveMethod": "nope"})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRetrieveRefusal(id, R"({"Simplify": 1})"));
    const auto retrieveOne = [this](const std::string& query, const std::string& index)
    {
      return GetRefusal(
          [&]
          {
            Post(&QueriesHandler::RetrieveAnswer, {query, index}, "");
          });
    };
    EXPECT_EQ(ErrorCode::BadParameterType, retrieveOne("nope", "x"));
    EXPECT_EQ(ErrorCode::UnknownResource, retrieveOne("nope", "0"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, retrieveOne(id, "2"));
    EXPECT_EQ("", jobUri_);
  }

  TEST_P(QueriesRetrieval, FormatOfTheContent)
  {
    const std::string id = Query();
    jobAnswer_ = HttpAnswer::Json(ParseJson(R"({"Query": [{"0010,0020": "P1"}], "TargetAet": "X"})"));
    const auto retrieve = [&](const std::string& body)
    {
      return WriteJson(ParseJson(Post(&QueriesHandler::RetrieveAllAnswers, {id}, body).body));
    };
    EXPECT_EQ(R"({"Query":[{"0010,0020":"P1"}],"TargetAet":"X"})", retrieve("{}"));
    EXPECT_EQ(R"({"Query":[{"PatientID":"P1"}],"TargetAet":"X"})", retrieve(R"({"Simplify": true})"));
    EXPECT_EQ(
        R"({"Query":[{"0010,0020":{"Name":"PatientID","Type":"String","Value":"P1"}}],"TargetAet":"X"})",
        retrieve(R"({"Full": true, "Simplify": false})"));
    jobAnswer_ = HttpAnswer::Json(ParseJson(R"({"ID": "x", "Path": "/jobs/x"})"));
    EXPECT_EQ(R"({"ID":"x","Path":"/jobs/x"})", retrieve(R"({"Simplify": true, "Asynchronous": true})"));
    jobAnswer_ = HttpAnswer::Empty(500);
    EXPECT_EQ(500, Post(&QueriesHandler::RetrieveAllAnswers, {id}, R"({"Simplify": true})").status);
  }

  TEST_P(QueriesRetrieval, AKeyIsOneOfTheAnswers)
  {
    const std::string id = Query();
    Post(&QueriesHandler::RetrieveAllAnswers, {id}, "", {{"idempotency-key", "k"}});
    EXPECT_EQ(id + "/all/k", jobHeaders_.at("idempotency-key"));
    Post(&QueriesHandler::RetrieveAnswer, {id, "1"}, "", {{"idempotency-key", "k"}});
    EXPECT_EQ(id + "/1/k", jobHeaders_.at("idempotency-key"));
    Post(&QueriesHandler::RetrieveAllAnswers, {id}, "", {{"idempotency-key", ""}});
    EXPECT_EQ("", jobHeaders_.at("idempotency-key")); // refused later
  }

  CONFORMANCE_SUITE(QueriesRetrieval);
}
