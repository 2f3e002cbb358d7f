// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/QueriesHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Uuid.h"
#include "UnitTests/Queries/Datasets.h"
#include "UnitTests/Queries/FakeQueryClient.h"
#include "UnitTests/TestDatabases.h"

namespace OrthancRegistry::Testing
{
  class Queries : public EngineTest, public ICoreDirectory, public ITagDictionary
  {
  public:
    bool HasModality(const std::string& name) override
    {
      return client_.modalities.contains(name);
    }

    bool HasPeer(const std::string& /*name*/) override
    {
      return false;
    }

    std::optional<uint32_t> Find(const std::string& name) override
    {
      const std::map<std::string, uint32_t> names = {
          {"PatientID", 0x00100020}, {"PatientName", 0x00100010}, {"StudyInstanceUID", 0x0020000d}};
      const auto found = names.find(name);
      return found == names.end() ? std::nullopt : std::make_optional(found->second);
    }

  protected:
    using Route = HttpAnswer (QueriesHandler::*)(const HttpCall&);

    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Queries");
      options_.describeErrors = false; // the texts are those of the core
      configuration_.localAet = "ORTHANC";
      configuration_.retrieveMethod = "C-MOVE";
      client_.modalities["pacs"];
      client_.answers = {MakeStudyAnswer(1), MakeStudyAnswer(2)};
      store_ =
          std::make_unique<QueryStore>(ReplicaIdentity{GenerateUuid(), "r", "R", "1.13.0"}, GetDatabase());
      retention_ = std::make_unique<QueryRetention>(configuration_, GetDatabase());
    }

    HttpAnswer Call(Route route, HttpCall call)
    {
      QueriesHandler handler({options_, configuration_, hasCGet_, *this, *this, client_, *store_, *retention_,
                              [this](const HttpCall& job, const std::string& uri)
                              {
                                jobUri_ = uri;
                                jobBody_ = ParseJson(job.body);
                                jobHeaders_ = job.headers;
                                jobPath_ = job.path;
                                return jobAnswer_;
                              }});
      return (handler.*route)(call);
    }

    HttpAnswer Get(Route route, std::vector<std::string> groups,
                   std::map<std::string, std::string> arguments = {})
    {
      HttpCall call;
      call.groups = std::move(groups);
      call.arguments = std::move(arguments);
      return Call(route, std::move(call));
    }

    HttpAnswer Post(Route route, std::vector<std::string> groups, const std::string& body,
                    std::map<std::string, std::string> headers = {})
    {
      HttpCall call;
      call.method = HttpMethod::Post;
      call.path = "/path";
      call.groups = std::move(groups);
      call.headers = std::move(headers);
      call.body = body;
      return Call(route, std::move(call));
    }

    std::string Query(const std::string& body = R"({"Level": "Study", "Query": {"PatientID": "*"}})")
    {
      const Json::Value answer = ParseJson(Post(&QueriesHandler::Query, {"pacs"}, body).body);
      EXPECT_EQ("/queries/" + answer["ID"].asString(), answer["Path"].asString());
      return answer["ID"].asString();
    }

    template <typename Action>
    static ErrorCode GetRefusal(Action action)
    {
      try
      {
        action();
      }
      catch (const RegistryError& error)
      {
        return error.GetCode();
      }
      return ErrorCode::Success;
    }

    ErrorCode GetQueryRefusal(const std::string& body, const std::string& modality = "pacs")
    {
      return GetRefusal(
          [&]
          {
            Post(&QueriesHandler::Query, {modality}, body);
          });
    }

    ErrorCode GetRetrieveRefusal(const std::string& id, const std::string& body)
    {
      return GetRefusal(
          [&]
          {
            Post(&QueriesHandler::RetrieveAllAnswers, {id}, body);
          });
    }

    Json::Value Retrieve(const std::string& id, const std::string& body)
    {
      Post(&QueriesHandler::RetrieveAllAnswers, {id}, body);
      return jobBody_;
    }

    JobsOptions options_;
    QueriesConfiguration configuration_;
    bool hasCGet_ = true;
    FakeQueryClient client_;
    std::unique_ptr<QueryStore> store_;
    std::unique_ptr<QueryRetention> retention_;
    HttpAnswer jobAnswer_ = HttpAnswer::Json(Json::objectValue);
    std::string jobUri_;
    std::string jobPath_;
    Json::Value jobBody_;
    std::map<std::string, std::string> jobHeaders_;
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

  TEST_P(Queries, RetrievedByMove)
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

  TEST_P(Queries, MethodOfRetrieval)
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

  TEST_P(Queries, RefusedRetrievals)
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

  TEST_P(Queries, FormatOfTheContent)
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

  TEST_P(Queries, AKeyIsOneOfTheAnswers)
  {
    const std::string id = Query();
    Post(&QueriesHandler::RetrieveAllAnswers, {id}, "", {{"idempotency-key", "k"}});
    EXPECT_EQ(id + "/all/k", jobHeaders_.at("idempotency-key"));
    Post(&QueriesHandler::RetrieveAnswer, {id, "1"}, "", {{"idempotency-key", "k"}});
    EXPECT_EQ(id + "/1/k", jobHeaders_.at("idempotency-key"));
    Post(&QueriesHandler::RetrieveAllAnswers, {id}, "", {{"idempotency-key", ""}});
    EXPECT_EQ("", jobHeaders_.at("idempotency-key")); // refused later
  }

  CONFORMANCE_SUITE(Queries);
}
