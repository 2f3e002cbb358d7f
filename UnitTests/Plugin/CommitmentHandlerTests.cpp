// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/CommitmentHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Plugin/ReplicaCallRules.h"
#include "UnitTests/Replicas/CallingReplica.h"

namespace OrthancRegistry::Testing
{
  class CommitmentHandlerTest : public ReplicaCallsTest
  {
  protected:
    static constexpr const char* UID = "2.25.17";

    void SetUp() override
    {
      ReplicaCallsTest::SetUp();
      rule_ = ReplicaCallRules::IsAllowed;
      for (const char* name : {"a", "b", "c"})
      {
        Forget(AddReplica(name));
      }
    }

    static void Forget(CallingReplica& replica)
    {
      replica.GetCore().Refuse(ErrorCode::InexistentItem, 404);
    }

    static void Know(CallingReplica& replica, const std::string& status)
    {
      replica.GetCore().Answer(
          [status](const CoreRequest&)
          {
            Json::Value report;
            report["Status"] = status;
            report["RemoteAET"] = "PACS";
            for (const char* uid : {"1.1", "1.2"})
            {
              Json::Value instance;
              instance["SOPInstanceUID"] = uid;
              report["Success"].append(instance);
            }
            return CoreReply{200, 0, "", "application/json", WriteJson(report)};
          });
    }

    CommitmentHandler MakeHandler()
    {
      return {replicas_.at(0)->Get(), [this](const std::string& uid)
              {
                removed_.push_back(uid);
              }};
    }

    static HttpCall MakeCall(HttpMethod method, const std::string& id = UID)
    {
      HttpCall call;
      call.method = method;
      call.groups = {id};
      return call;
    }

    std::string ReadStatus()
    {
      return ParseJson(MakeHandler().Read(MakeCall(HttpMethod::Get)).body)["Status"].asString();
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

    ErrorCode GetReadRefusal(const std::string& id = UID)
    {
      return GetRefusal(
          [&]
          {
            MakeHandler().Read(MakeCall(HttpMethod::Get, id));
          });
    }

    ErrorCode GetRemoveRefusal()
    {
      return GetRefusal(
          [&]
          {
            MakeHandler().Remove(MakeCall(HttpMethod::Post));
          });
    }

    std::vector<std::string> removed_;
  };

  CONFORMANCE_SUITE(CommitmentHandlerTest);

  TEST_P(CommitmentHandlerTest, TheCompleteReportIsBelieved)
  {
    EXPECT_EQ(ErrorCode::InexistentItem, GetReadRefusal());
    Know(*replicas_[1], "Pending");
    EXPECT_EQ("Pending", ReadStatus());
    Know(*replicas_[2], "Success"); // the report has come here
    EXPECT_EQ("Success", ReadStatus());
    Know(*replicas_[0], "Pending"); // the one that has asked
    EXPECT_EQ("Success", ReadStatus());
    Know(*replicas_[2], "Failure");
    EXPECT_EQ("Failure", ReadStatus());
    Know(*replicas_[0], "Success");
    const size_t before = replicas_[2]->GetCore().GetRequests().size();
    EXPECT_EQ("Success", ReadStatus());
    EXPECT_EQ(before, replicas_[2]->GetCore().GetRequests().size()); // not asked
  }

  TEST_P(CommitmentHandlerTest, RemovesAtAnyReplica)
  {
    EXPECT_EQ(ErrorCode::InexistentItem, GetRemoveRefusal());
    Know(*replicas_[1], "Pending");
    EXPECT_EQ(ErrorCode::BadSequenceOfCalls, GetRemoveRefusal());
    Know(*replicas_[2], "Failure");
    EXPECT_EQ(ErrorCode::BadSequenceOfCalls, GetRemoveRefusal());
    EXPECT_TRUE(removed_.empty());
    Know(*replicas_[2], "Success");
    const HttpAnswer answer = MakeHandler().Remove(MakeCall(HttpMethod::Post));
    EXPECT_EQ(200, answer.status);
    EXPECT_EQ("{}\n", answer.body);
    EXPECT_EQ((std::vector<std::string>{"1.1", "1.2"}), removed_);
  }

  TEST_P(CommitmentHandlerTest, OtherAnswers)
  {
    EXPECT_EQ("GET", MakeHandler().Read(MakeCall(HttpMethod::Post)).allowedMethods);
    EXPECT_EQ("POST", MakeHandler().Remove(MakeCall(HttpMethod::Get)).allowedMethods);
    EXPECT_EQ(ErrorCode::InexistentItem, GetReadRefusal("no-uid"));
    EXPECT_EQ(ErrorCode::InexistentItem, GetReadRefusal("1?x"));
    EXPECT_TRUE(replicas_[0]->GetCore().GetRequests().empty());
    replicas_[1]->GetCore().Refuse(ErrorCode::DatabaseUnavailable, 503);
    EXPECT_EQ(ErrorCode::DatabaseUnavailable, GetReadRefusal()); // nobody can say that it does not exist
    replicas_[0]->GetCore().Refuse(ErrorCode::NotEnoughMemory, 500);
    EXPECT_EQ(ErrorCode::NotEnoughMemory, GetReadRefusal());
  }
}
