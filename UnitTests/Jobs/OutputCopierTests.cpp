// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/OutputCopier.h"

#include "UnitTests/Jobs/TestCluster.h"

namespace OrthancRegistry::Testing
{
  class CopiedOutputs : public ClusterTest
  {
  protected:
    static void Succeed(FakeCore& core, const std::string& id, const std::string& output)
    {
      core.SetOutput(id, output);
      core.Change(id,
                  [](CoreJob& job)
                  {
                    job.type = "Archive";
                    job.state = JobState::Success;
                    job.progress = 100;
                    job.content["ArchiveSize"] = "42";
                  });
    }

    static std::string Read(TestReplica& replica, const std::string& id)
    {
      OutputStore& store = replica.Get().GetOutputs();
      const auto output = store.Get(id, ARCHIVE_KEY);
      std::string content;
      for (uint64_t number = 0; output && content.size() < output->description.size; number++)
      {
        content += store.ReadChunk(id, ARCHIVE_KEY, output->fence, number).value();
      }
      return content;
    }

    NewJob MakeArchive(const std::string& uri)
    {
      NewJob job = MakeJob(uri);
      job.type = "Archive";
      return job;
    }

    const std::string content_ = std::string(OutputStore::CHUNK_SIZE * 5, 'x') + "end";
  };

  TEST_P(CopiedOutputs, OfLocalJobs)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b");
    const std::string id = a.GetCore().StartJob("Media");
    Succeed(a.GetCore(), id, content_);
    ASSERT_TRUE(b.WaitForState(id, JobState::Success));
    EXPECT_EQ(content_, Read(b, id));
    EXPECT_EQ("Name.zip", b.Get().GetOutputs().Get(id, ARCHIVE_KEY)->description.fileName);
    EXPECT_EQ(1u, a.GetCore().CountOutputReads());

    ASSERT_TRUE(b.Get().DeleteOutput(*b.Get().Get(id), ARCHIVE_KEY));
    EXPECT_FALSE(b.Get().DeleteOutput(*b.Get().Get(id), ARCHIVE_KEY));
    EXPECT_FALSE(a.Get().GetOutputs().Get(id, ARCHIVE_KEY)->IsAvailable());
    EXPECT_EQ(JobState::Success, a.Get().Get(id)->state);
  }

  TEST_P(CopiedOutputs, OfQueuedJobs)
  {
    TestReplica& a = AddReplica("a", false);
    TestReplica& b = AddReplica("b");
    const std::string id = a.Submit(MakeArchive("/studies/1/archive"));
    Succeed(b.GetCore(), b.GetCore().WaitForSubmission("/studies/1/archive"), content_);
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    EXPECT_EQ(content_, Read(a, id));
    EXPECT_EQ(1, a.Get().Get(id)->attempts);
  }

  TEST_P(CopiedOutputs, RunningUntilCopiedAndOthersGoOn)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().HoldOutputs();
    const std::string archive = a.GetCore().StartJob("Archive");
    Succeed(a.GetCore(), archive, content_);
    ASSERT_TRUE(a.WaitForState(archive, JobState::Running));
    EXPECT_EQ(100, a.Get().Get(archive)->progress);

    const std::string other = a.GetCore().StartJob("MergeStudy");
    a.GetCore().Change(other,
                       [](CoreJob& job)
                       {
                         job.state = JobState::Success;
                       });
    ASSERT_TRUE(a.WaitForState(other, JobState::Success));
    const Job running = a.Get().Get(archive).value();
    EXPECT_EQ(JobState::Running, running.state);

    // Neither written again and again, nor lost when the core forgets the job
    const int64_t revision = running.revision;
    a.GetCore().Forget(archive);
    for (int i = 0; i < 20; i++)
    {
      a.GetIds();
    }
    EXPECT_EQ(revision, a.Get().Get(archive)->revision);
    EXPECT_EQ(JobState::Running, a.Get().Get(archive)->state);
    a.GetCore().Release();
    ASSERT_TRUE(a.WaitForState(archive, JobState::Success));
    EXPECT_EQ(content_, Read(a, archive));
  }

  TEST_P(CopiedOutputs, ForgottenByTheCoreOfALocalJob)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.GetCore().StartJob("Archive");
    Succeed(a.GetCore(), id, "");
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    const auto output = a.Get().GetOutputs().Get(id, ARCHIVE_KEY);
    ASSERT_TRUE(output);
    EXPECT_FALSE(output->IsAvailable());
    EXPECT_NE(std::string::npos, output->evictionReason.find("MediaArchiveSize"));
  }

  TEST_P(CopiedOutputs, ForgottenByTheCoreOfAQueuedJob)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeArchive("/studies/1/archive"));
    for (size_t run = 0; run <= OutputStore::MAXIMUM_LOSSES; run++)
    {
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return a.GetCore().GetSubmissions().size() == run + 1;
          }))
          << run;
      Succeed(a.GetCore(), a.GetCore().GetSubmissions()[run].id, "");
    }
    ASSERT_TRUE(a.WaitForState(id, JobState::Failure));
    const Job job = a.Get().Get(id).value();
    EXPECT_EQ(1, job.attempts);
    EXPECT_NE(std::string::npos, job.errorDetails.find("MediaArchiveSize")) << job.errorDetails;
  }

  TEST_P(CopiedOutputs, RunAgainAfterALoss)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeArchive("/studies/1/archive"));
    Succeed(a.GetCore(), a.GetCore().WaitForSubmission("/studies/1/archive"), "");
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().GetSubmissions().size() == 2;
        }));
    Succeed(a.GetCore(), a.GetCore().GetSubmissions()[1].id, content_);
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    EXPECT_EQ(content_, Read(a, id));
    EXPECT_EQ(1, a.Get().Get(id)->attempts);
  }

  TEST_P(CopiedOutputs, TooLarge)
  {
    configuration_.outputsSizeMegabytes = 4;
    TestReplica& a = AddReplica("a");
    const std::string id = a.GetCore().StartJob("Archive");
    Succeed(a.GetCore(), id, content_);
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    EXPECT_NE(std::string::npos,
              a.Get().GetOutputs().Get(id, ARCHIVE_KEY)->evictionReason.find("OutputsSizeMB"));

    // Known before it is read
    const std::string second = a.GetCore().StartJob("Archive");
    a.GetCore().Change(second,
                       [](CoreJob& job)
                       {
                         job.state = JobState::Success;
                         job.content["ArchiveSize"] = "5000000000";
                       });
    ASSERT_TRUE(a.WaitForState(second, JobState::Success));
    EXPECT_EQ(1u, a.GetCore().CountOutputReads());
    EXPECT_NE(std::string::npos, a.Get().GetOutputs().Get(second, ARCHIVE_KEY)->evictionReason.find("4 GiB"));
  }

  TEST_P(CopiedOutputs, TakenOverWhileCopied)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().HoldOutputs();
    const std::string id = a.Submit(MakeArchive("/studies/1/archive"));
    Succeed(a.GetCore(), a.GetCore().WaitForSubmission("/studies/1/archive"), content_);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().CountOutputReads() == 1;
        }));
    a.GetDatabase().SetFrozen(true);
    TestReplica& b = AddReplica("b");
    const std::string second = b.GetCore().WaitForSubmission("/studies/1/archive");
    Succeed(b.GetCore(), second, "new");
    ASSERT_TRUE(b.WaitForState(id, JobState::Success));
    a.GetDatabase().SetFrozen(false);
    a.GetCore().Release();
    a.GetIds();
    EXPECT_EQ("new", Read(b, id));
    EXPECT_EQ("b", a.Get().Get(id)->replica);
  }

  TEST_P(CopiedOutputs, LikeInTheCoreTheFirstIsGoneWhenTheSecondSucceeds)
  {
    configuration_.areOutputsAsInCore = true;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b");
    const std::string first = a.GetCore().StartJob("Archive");
    Succeed(a.GetCore(), first, "first");
    ASSERT_TRUE(b.WaitForState(first, JobState::Success));
    EXPECT_EQ("first", Read(b, first));
    const std::string second = b.GetCore().StartJob("Archive");
    Succeed(b.GetCore(), second, "second");
    ASSERT_TRUE(a.WaitForState(second, JobState::Success));
    EXPECT_FALSE(b.Get().GetOutputs().Get(first, ARCHIVE_KEY)->IsAvailable());
    EXPECT_EQ("second", Read(a, second));
  }

  TEST_P(CopiedOutputs, RouteOfAPluginTellsItsType)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().HoldBack("/plugin/route");
    NewJob job = MakeJob("/plugin/route");
    job.type = PLUGIN_JOB_TYPE;
    const std::string id = a.Submit(job);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().CountHeldBack() == 1;
        }));
    EXPECT_EQ("Plugin", a.Get().Get(id)->type);
    EXPECT_EQ(1u, a.GetIds().size()); // its run is not taken for a local job
    a.GetCore().Release();
    a.GetCore().WaitForSubmission("/plugin/route");
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.Get().Get(id)->type == "ResourceModification";
        }));
    a.GetCore().RunByItself();
    ASSERT_TRUE(a.WaitForState(id, JobState::Success));
    EXPECT_EQ(std::vector<std::string>{id}, a.GetIds());
  }

  CONFORMANCE_SUITE(CopiedOutputs);
}
