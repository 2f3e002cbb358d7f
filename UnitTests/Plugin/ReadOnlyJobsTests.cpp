// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/ReadOnlyJobsHandler.h"

#include "Framework/Common/Json.h"
#include "UnitTests/Jobs/TestCluster.h"
#include "UnitTests/Jobs/TestJobs.h"
#include "UnitTests/ReadOnlyDatabase.h"

namespace OrthancRegistry::Testing
{
  TEST(ReadOnlyPlugin, ElementsAreInsertedBeforeOthers)
  {
    const Json::Value two = ParseJson("[1,{\"a\":2}]");
    EXPECT_EQ(ParseJson("[1,{\"a\":2}]"), ParseJson(InsertFirst("[]\n", two)));
    EXPECT_EQ(ParseJson("[1,{\"a\":2}]"), ParseJson(InsertFirst("[ \n ]", two)));
    EXPECT_EQ(ParseJson("[1,{\"a\":2},\"x\",[]]"), ParseJson(InsertFirst("[\n   \"x\", []\n]\n", two)));
    EXPECT_EQ("[7]", InsertFirst("[7]", Json::Value(Json::arrayValue)));
    // The first piece of several
    EXPECT_EQ(ParseJson("[1,{\"a\":2},5,6]"), ParseJson(InsertFirst("[\n 5", two) + ",6]"));
  }

  // What a service that only reads does with the registry that others write
  class ReadOnlyPluginJobs : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      JobsConfiguration configuration = configuration_;
      configuration.isReadOnly = true;
      readingDatabase_ = std::make_unique<ReadOnlyDatabase>(database_->Connect());
      bus_ = database_->CreateBus();
      identity_ = {"incarnation", "reader", "reader", "1.13.0"};
      reader_ = std::make_unique<JobsService>(configuration, identity_, *readingDatabase_, *bus_, core_,
                                              questions_);
    }

    void TearDown() override
    {
      reader_.reset();
      ClusterTest::TearDown();
    }

    ReplicaIdentity identity_;
    std::unique_ptr<IDatabase> readingDatabase_;
    std::unique_ptr<IMessageBus> bus_;
    FakeCore core_;
    PulseQuestions questions_;
    std::unique_ptr<JobsService> reader_;
  };
  CONFORMANCE_SUITE(ReadOnlyPluginJobs);

  TEST_P(ReadOnlyPluginJobs, ShowsTheRegistryAndIsNoReplica)
  {
    reader_->Start();
    TestReplica& writer = AddReplica("a");
    writer.GetCore().RunByItself();
    const std::string id = writer.Submit(MakeJob("/studies/1/modify"));
    ASSERT_TRUE(writer.WaitForState(id, JobState::Success));
    EXPECT_EQ(std::vector<std::string>{id}, reader_->GetReader().GetIds());
    EXPECT_EQ(JobState::Success, reader_->Get(id)->state);
    EXPECT_FALSE(reader_->Get("00000000-0000-4000-8000-000000000000"));
    EXPECT_EQ(1u, reader_->GetStatistics().GetReplicas().size());
    EXPECT_EQ(1, reader_->GetStatistics().GetStatistics()["ReplicasAlive"].asInt());
    EXPECT_FALSE(reader_->GetOutputs().Get(id, "archive"));
    reader_->Stop();
    EXPECT_EQ(1, QueryValue<int>("SELECT COUNT(*) FROM SharedReplicas"));
    EXPECT_TRUE(core_.GetSubmissions().empty());
  }

  TEST_P(ReadOnlyPluginJobs, WaitsForAChangeByLooking)
  {
    TestReplica& writer = AddReplica("a", false);
    const std::string id = writer.Submit(MakeJob("/studies/1/modify"));
    std::jthread canceller(
        [&]
        {
          writer.Get().Apply(id, JobAction::Cancel);
        });
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return reader_->WaitForChange(id, 1, std::chrono::seconds(6)).job->state == JobState::Failure;
        }));
  }

  TEST_P(ReadOnlyPluginJobs, ChangesAreRefused)
  {
    TestReplica& writer = AddReplica("a", false);
    const std::string id = writer.Submit(MakeJob("/studies/1/modify"));
    ReadOnlyJobsHandler handler(JobsOptions(), *reader_);
    HttpCall call;
    const auto expectRefused = [&](auto action)
    {
      try
      {
        action();
        ADD_FAILURE() << call.path;
      }
      catch (const RegistryError& error)
      {
        EXPECT_EQ(ErrorCode::ForbiddenAccess, error.GetCode()) << error.what();
      }
    };
    call.method = HttpMethod::Post;
    for (const std::string action : {"cancel", "pause", "resume", "resubmit"})
    {
      call.groups = {id, action};
      expectRefused(
          [&]
          {
            handler.AccessPart(call);
          });
    }
    expectRefused(
        [&]
        {
          handler.Refuse(call);
        });
    EXPECT_EQ(405, handler.List(call).status);
    EXPECT_EQ(405, handler.Access(call).status);
    call.method = HttpMethod::Delete;
    call.groups = {id};
    expectRefused(
        [&]
        {
          handler.Access(call);
        });
    call.groups = {id, "archive"};
    expectRefused(
        [&]
        {
          handler.AccessPart(call);
        });
    EXPECT_EQ(JobState::Pending, reader_->Get(id)->state);
  }
}
