// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Json.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Plugin/QueriesHandler.h"
#include "UnitTests/Queries/Datasets.h"
#include "UnitTests/Queries/FakeQueryClient.h"
#include "UnitTests/TestDatabases.h"

namespace OrthancRegistry::Testing
{
  // The handler with the core of one replica, which knows the modality "pacs"
  class QueriesTest : public EngineTest, public ICoreDirectory, public ITagDictionary
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
}
