// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobSubmitHandler.h"

#include "Framework/Common/Json.h"
#include "UnitTests/Jobs/TestCluster.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  class JobSubmit : public ClusterTest, public IResourceLookup
  {
  public:
    std::map<std::string, IndexedResource> Find(const std::vector<std::string>& ids) override
    {
      std::map<std::string, IndexedResource> found;
      for (const std::string& id : ids)
      {
        if (isThere_)
        {
          found[id] = {ResourceLevel::Study, "patient"};
        }
      }
      return found;
    }

    std::optional<IndexedPatient> FindPatientOfStudy(const std::string&) override
    {
      return std::nullopt;
    }

    std::optional<IndexedPatient> FindPatient(const std::string&) override
    {
      return std::nullopt;
    }

  protected:
    HttpAnswer Post(const std::string& body, const std::map<std::string, std::string>& headers = {})
    {
      HttpCall call;
      call.method = HttpMethod::Post;
      call.path = std::string("/studies/") + STUDY + "/anonymize";
      call.headers = headers;
      call.body = body;
      JobsOptions options;
      options.describeErrors = false; // the texts are those of the core
      return JobSubmitHandler(options, replicas_.at(0)->Get(), *this).Submit(call);
    }

    Job Read(const HttpAnswer& answer)
    {
      EXPECT_EQ(200, answer.status);
      const Json::Value json = ParseJson(answer.body);
      EXPECT_EQ("/jobs/" + json["ID"].asString(), json["Path"].asString());
      return replicas_.at(0)->Get().Get(json["ID"].asString()).value();
    }

    ErrorCode GetRefusal(const std::string& body, const std::map<std::string, std::string>& headers = {})
    {
      try
      {
        Post(body, headers);
      }
      catch (const RegistryError& error)
      {
        return error.GetCode();
      }
      return ErrorCode::Success;
    }

    static constexpr const char* STUDY = "6b9e19d9-62094390-5f9ddb01-4a191ae7-9766b715";
    bool isThere_ = true;
  };

  TEST_P(JobSubmit, PutOff)
  {
    AddReplica("a", false);
    const Job delayed = Read(Post(R"({"Asynchronous": true, "DelaySeconds": 0.5})"));
    EXPECT_EQ(delayed.created + 500000, delayed.notBefore);
    const Job scheduled = Read(Post(R"({"Asynchronous": true, "NotBefore": "2999-12-31T23:59:59+00:00"})"));
    EXPECT_EQ("29991231T235959", FormatTimestamp(scheduled.notBefore.value()));
    EXPECT_FALSE(Read(Post(R"({"Asynchronous": true, "NotBefore": "20010101T000000"})")).notBefore);
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRefusal(R"({"Asynchronous": true, "NotBefore": "soon"})"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetRefusal(R"({"Asynchronous": true, "DelaySeconds": -1})"));
    EXPECT_EQ(3u, replicas_[0]->GetIds().size());
  }

  TEST_P(JobSubmit, SynchronousCallsIgnoreIt)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().RunByItself();
    EXPECT_EQ(200, Post(R"({"NotBefore": "soon", "DelaySeconds": -1})", {{"idempotency-key", ""}}).status);
    EXPECT_EQ(200, Post(R"({"Synchronous": true})", {{"idempotency-key", "key"}}).status);
    EXPECT_EQ(200, Post(R"({"Synchronous": true})", {{"idempotency-key", "key"}}).status);
    EXPECT_EQ(3u, a.GetCore().GetSubmissions().size());
  }

  TEST_P(JobSubmit, RepeatedWithTheSameKey)
  {
    AddReplica("a", false);
    const std::string body = R"({"Asynchronous": true})";
    const Job first = Read(Post(body, {{"idempotency-key", "key"}}));
    EXPECT_NE(first.id, Read(Post(body)).id);

    // The first one has removed its study meanwhile
    isThere_ = false;
    EXPECT_EQ(first.id, Read(Post(body, {{"idempotency-key", "key"}})).id);
    EXPECT_EQ(ErrorCode::UnknownResource, GetRefusal(body, {{"idempotency-key", "other"}}));
    isThere_ = true;
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetRefusal(body, {{"idempotency-key", ""}}));
  }

  TEST_P(JobSubmit, TooLargeAndTooMany)
  {
    configuration_.maximumBodySize = 1000;
    configuration_.maximumWaitingJobs = 1;
    AddReplica("a", false);
    const HttpAnswer tooLarge = Post("{\"Asynchronous\": true" + std::string(1000, ' ') + "}");
    EXPECT_EQ(413, tooLarge.status);
    EXPECT_FALSE(tooLarge.headers.contains("Retry-After"));
    Read(Post(R"({"Asynchronous": true})"));
    const HttpAnswer tooMany = Post(R"({"Asynchronous": true})");
    EXPECT_EQ(503, tooMany.status);
    EXPECT_EQ("10", tooMany.headers.at("Retry-After"));
  }

  CONFORMANCE_SUITE(JobSubmit);
}
