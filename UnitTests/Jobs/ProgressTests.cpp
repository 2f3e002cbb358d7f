// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ProgressWriter.h"
#include "UnitTests/Jobs/FlowFixture.h"
#include "UnitTests/Waiting.h"

namespace OrthancRegistry::Testing
{
  class ProgressTest : public FlowTest
  {
  protected:
    static ProgressUpdate MakeUpdate(const ClaimedJob& job, int progress, const std::string& text)
    {
      ProgressUpdate update;
      update.job = job;
      update.core.progress = progress;
      update.core.runtimeMilliseconds = 1000 + progress;
      update.core.content["Text"] = text;
      update.isContentNew = !text.empty();
      return update;
    }
  };

  TEST_P(ProgressTest, OfManyJobsTakesTwoStatements)
  {
    Stores a = MakeStores("a");
    for (int i = 0; i < 20; i++)
    {
      a.jobs.Submit(MakeJob("/" + std::to_string(i)));
    }
    const std::vector<ClaimedJob> jobs = a.claims.Claim(20).jobs;
    ASSERT_EQ(20u, jobs.size());
    std::vector<ProgressUpdate> updates;
    for (size_t i = 0; i < jobs.size(); i++)
    {
      updates.push_back(MakeUpdate(jobs[i], static_cast<int>(5 * i), "Größe " + std::to_string(i)));
    }
    updates[1].isContentNew = false;
    updates[2].job.fence++; // lost to another replica
    std::vector<std::string> written;
    {
      Transaction transaction(*a.database, AccessMode::ReadWrite);
      const uint64_t before = transaction.GetStatistics().statements;
      WriteProgress(transaction, updates, a.identity.incarnation, {}, written);
      transaction.Flush();
      EXPECT_LE(transaction.GetStatistics().statements, before + 2);
      transaction.Commit();
    }
    EXPECT_EQ(19u, written.size());
    for (size_t i = 0; i < jobs.size(); i++)
    {
      const Job job = a.reader.Get(jobs[i].id).value();
      const bool isLost = i == 2;
      EXPECT_EQ(isLost ? 0 : static_cast<int>(5 * i), job.progress);
      EXPECT_EQ(isLost ? 0 : 1000 + static_cast<int64_t>(5 * i), job.runtimeMilliseconds);
      EXPECT_EQ(isLost ? 2 : 3, job.revision);
      EXPECT_EQ(isLost || i == 1 ? "" : "Größe " + std::to_string(i), job.content["Text"].asString());
    }
  }

  TEST_P(ProgressTest, LongContentsArePacked)
  {
    Stores a = MakeStores("a");
    a.jobs.Submit(MakeJob("/1"));
    const ClaimedJob job = a.claims.Claim(1).jobs.at(0);
    for (const std::string& text : {std::string(1000000, 'x'), std::string("short")})
    {
      CoreUpdates updates;
      updates.progress.push_back(MakeUpdate(job, 10, text));
      EXPECT_TRUE(a.runs.Write(updates).empty());
      EXPECT_EQ(text, a.reader.Get(job.id)->content["Text"].asString());
      updates.progress[0].job.fence++;
      EXPECT_EQ(std::vector<std::string>{job.id}, a.runs.Write(updates));
    }
  }

  CONFORMANCE_SUITE(ProgressTest);

  class ProgressOfRuns : public ClusterTest
  {
  };

  TEST_P(ProgressOfRuns, IsWrittenEveryTwoSeconds)
  {
    configuration_.heartbeatMilliseconds = 60000;
    configuration_.leaseSeconds = 600;
    TestReplica& a = AddReplica("a");
    const std::string id = a.Submit(MakeJob("/long"));
    FakeCore& core = a.GetCore();
    const std::string localId = core.WaitForSubmission("/long");
    const std::string local = core.StartJob("Archive");
    const auto advance = [&](const std::string& job, int progress)
    {
      core.Change(job,
                  [&](CoreJob& changed)
                  {
                    changed.state = JobState::Running;
                    changed.progress = progress;
                  });
    };
    advance(localId, 1);
    advance(local, 1);
    ASSERT_TRUE(a.WaitForState(local, JobState::Running));
    const int64_t before = a.Get().Get(local)->revision;
    const auto start = std::chrono::steady_clock::now();
    for (int progress = 2; progress <= 80; progress++)
    {
      const size_t listings = core.CountListings();
      advance(localId, progress);
      advance(local, progress);
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return core.CountListings() > listings;
          }));
    }
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count();
    EXPECT_LE(a.Get().Get(local)->revision, before + 1 + (seconds + 1) / 2);
    for (const std::string& job : {id, local})
    {
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return a.Get().Get(job)->progress == 80;
          }));
    }
  }

  CONFORMANCE_SUITE(ProgressOfRuns);
}
