// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobFormat.h"

#include "Framework/Common/Json.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    constexpr Timestamp MOMENT = 1609085916428311; // 2020-12-27T16:18:36.428311Z
    constexpr Timestamp SECOND = 1000000;

    std::string Describe(int errorCode)
    {
      return errorCode == 0 ? "Success" : "Error " + std::to_string(errorCode);
    }

    Job MakeJob()
    {
      Job job;
      job.id = "645ecb02-7c0e-4465-b767-df873222dcfb";
      job.type = "ResourceModification";
      job.created = MOMENT;
      return job;
    }

    Json::Value Format(const Job& job, Timestamp now = MOMENT + SECOND)
    {
      return FormatJob(job, now, Describe);
    }

    Json::Value RedactedPeer(const std::string& peer)
    {
      Json::Value content = Json::objectValue;
      content["Peer"] = ParseJson(peer);
      return RedactContent("OrthancPeerStore", content)["Peer"];
    }
  }

  TEST(JobFormat, PendingJob)
  {
    const Json::Value expected = ParseJson(R"({
      "ID": "645ecb02-7c0e-4465-b767-df873222dcfb", "Type": "ResourceModification", "Content": {},
      "State": "Pending", "Priority": 0, "Progress": 0, "ErrorCode": 0, "ErrorDescription": "Success",
      "ErrorDetails": "", "CreationTime": "20201227T161836.428311", "Timestamp": "20201227T161837.428311",
      "EffectiveRuntime": 0.0, "Replica": "", "Origin": "Queued", "Attempt": 0, "Revision": 0 })");
    EXPECT_EQ(expected, Format(MakeJob()));
  }

  TEST(JobFormat, TimeOfAJobThatIsPutOff)
  {
    Job job = MakeJob();
    EXPECT_FALSE(Format(job).isMember("NotBefore"));
    job.notBefore = MOMENT + SECOND;
    EXPECT_EQ("20201227T161837.428311", Format(job)["NotBefore"].asString());
  }

  TEST(JobFormat, EndedJob)
  {
    Job job = MakeJob();
    job.state = JobState::Failure;
    job.origin = JobOrigin::Local;
    job.priority = -3;
    job.progress = 50;
    job.errorCode = 37;
    job.errorDetails = "Stopped";
    job.completed = MOMENT + 2 * SECOND;
    job.runtimeMilliseconds = 1234;
    job.attempts = 2;
    job.revision = 9;
    job.replica = "replica-1";
    job.content["Description"] = "REST API";
    job.userData = "mine";
    job.errorPayload["Type"] = "Dimse";

    const Json::Value json = Format(job);
    EXPECT_EQ("Failure", json["State"].asString());
    EXPECT_EQ("20201227T161838.428311", json["CompletionTime"].asString());
    EXPECT_EQ(1.234, json["EffectiveRuntime"].asDouble());
    EXPECT_EQ(37, json["ErrorCode"].asInt());
    EXPECT_EQ("Error 37", json["ErrorDescription"].asString());
    EXPECT_EQ("Stopped", json["ErrorDetails"].asString());
    EXPECT_EQ("mine", json["UserData"].asString());
    EXPECT_EQ("Dimse", json["ErrorPayload"]["Type"].asString());
    EXPECT_EQ("REST API", json["Content"]["Description"].asString());
    EXPECT_EQ(-3, json["Priority"].asInt());
    EXPECT_EQ("replica-1", json["Replica"].asString());
    EXPECT_EQ("Local", json["Origin"].asString());
    EXPECT_EQ(2, json["Attempt"].asInt());
    EXPECT_EQ(9, json["Revision"].asInt());
    EXPECT_FALSE(json.isMember("EstimatedTimeOfArrival"));
  }

  TEST(JobFormat, FractionIsAbsentWhenZero)
  {
    Job job = MakeJob();
    job.created = 1609085916 * SECOND;
    EXPECT_EQ("20201227T161836", Format(job)["CreationTime"].asString());
  }

  TEST(JobFormat, EstimatedEnd)
  {
    Job job = MakeJob();
    job.state = JobState::Running;
    job.progress = 20;
    job.runtimeMilliseconds = 500;
    EXPECT_EQ("20201227T161838.428311", Format(job, MOMENT)["EstimatedTimeOfArrival"].asString());

    job.progress = 1;
    EXPECT_FALSE(Format(job).isMember("EstimatedTimeOfArrival"));
    job.progress = 20;
    job.runtimeMilliseconds = 0;
    EXPECT_FALSE(Format(job).isMember("EstimatedTimeOfArrival"));
    job.runtimeMilliseconds = 500;
    job.state = JobState::Paused;
    EXPECT_FALSE(Format(job).isMember("EstimatedTimeOfArrival"));
  }

  TEST(JobFormat, OnlyTheMomentDependsOnTheReplica)
  {
    Job job = MakeJob();
    job.state = JobState::Running;
    job.progress = 20;
    job.runtimeMilliseconds = 500;
    Json::Value first = Format(job, MOMENT);
    Json::Value second = Format(job, MOMENT + 5 * SECOND);
    EXPECT_NE(first, second);
    for (const char* field : {"Timestamp", "EstimatedTimeOfArrival"})
    {
      first.removeMember(field);
      second.removeMember(field);
    }
    EXPECT_EQ(first, second);
  }

  TEST(JobFormat, SecretsOfPeersAreRemoved)
  {
    Job job = MakeJob();
    job.type = "OrthancPeerStore";
    job.content["Peer"] = ParseJson(R"({ "Url": "http://bob:canary@peer:8042/", "Username": "bob",
      "Password": "canary", "CertificateKeyPassword": "canary", "Timeout": 0,
      "HttpHeaders": { "Authorization": "canary", "X-Key": "canary" } })");
    const Json::Value json = Format(job);
    EXPECT_EQ(std::string::npos, WriteJson(json).find("canary"));
    EXPECT_EQ(ParseJson(R"({ "Url": "http://peer:8042/", "Username": "bob", "Timeout": 0,
      "HttpHeaders": [ "Authorization", "X-Key" ] })"),
              json["Content"]["Peer"]);

    EXPECT_EQ(ParseJson(R"(["http://peer/", "bob", ""])"),
              RedactedPeer(R"(["http://bob:canary@peer/", "bob", "canary"])"));
    EXPECT_EQ(ParseJson(R"(["http://peer/a@b"])"), RedactedPeer(R"(["http://peer/a@b"])"));
  }

  TEST(JobFormat, SecretsOfUrlsAreRemoved)
  {
    EXPECT_EQ("accessing http://peer:1/a@b", RedactText("accessing http://bob:canary@peer:1/a@b"));
    EXPECT_EQ("http://a/ and https://b, x@y.z", RedactText("http://u@a/ and https://c@n@b, x@y.z"));
    EXPECT_EQ("a@b://", RedactText("a@b://"));
    EXPECT_EQ("", RedactText(""));

    Job job = MakeJob();
    job.errorDetails = "Cannot connect to https://bob:canary@peer/";
    EXPECT_EQ("Cannot connect to https://peer/", Format(job)["ErrorDetails"].asString());
  }

  TEST(JobFormat, OtherContentsAreKept)
  {
    Json::Value content = Json::objectValue;
    content["Peer"] = ParseJson(R"({ "HttpHeaders": { "A": "b" } })");
    EXPECT_EQ(content, RedactContent("DicomModalityStore", content));
  }

  TEST(JobErrors, StatusOfCodes)
  {
    const std::pair<int, int> EXPECTED[] = {
        {0, 200},  {8, 400},  {15, 400}, {3, 400}, {5, 400}, {7, 404},  {17, 404}, {45, 403}, {43, 409},
        {36, 503}, {42, 503}, {37, 500}, {9, 500}, {1, 500}, {27, 500}, {-1, 500}, {41, 416}, {3000, 415}};
    for (const auto& [code, status] : EXPECTED)
    {
      EXPECT_EQ(status, GetHttpStatus(code)) << code;
    }
  }

  TEST(JobErrors, BodyOfTheCore)
  {
    FailedCall call;
    call.method = "POST";
    call.uri = "/modalities/pacs/store";
    call.errorCode = 9;
    call.status = GetHttpStatus(9);
    EXPECT_EQ(ParseJson(R"({ "Message": "Error 9", "Method": "POST", "Uri": "/modalities/pacs/store",
      "HttpError": "Internal Server Error", "HttpStatus": 500, "OrthancError": "Error 9",
      "OrthancStatus": 9 })"),
              FormatError(call, Describe));

    call.details = "Refused";
    call.payload["Type"] = "Dimse";
    const Json::Value json = FormatError(call, Describe);
    EXPECT_EQ("Refused", json["Details"].asString());
    EXPECT_EQ("Dimse", json["ErrorPayload"]["Type"].asString());
  }
}
