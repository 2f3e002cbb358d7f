// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunRecall.h"

#include "UnitTests/Jobs/FakeCore.h"
#include "UnitTests/Waiting.h"

#include <gtest/gtest.h>

#include <future>

namespace OrthancRegistry::Testing
{
  namespace
  {
    ClaimedJob Claim(RunTable& runs, const std::string& id)
    {
      ClaimedJob job;
      job.id = id;
      job.type = "ResourceModification";
      job.fence = 1;
      runs.Add(job);
      return job;
    }

    CoreJob InState(JobState state, ErrorCode code = ErrorCode::Success)
    {
      CoreJob job;
      job.state = state;
      job.errorCode = static_cast<int>(code);
      return job;
    }

    std::chrono::steady_clock::time_point In(std::chrono::milliseconds delay)
    {
      return std::chrono::steady_clock::now() + delay;
    }
  }

  TEST(RunRecall, TellsTheCancelledFromTheEnded)
  {
    RunTable runs;
    FakeCore core;
    const ClaimedJob running = Claim(runs, "running");
    const ClaimedJob ended = Claim(runs, "ended");
    const ClaimedJob refused = Claim(runs, "refused");
    const ClaimedJob waiting = Claim(runs, "waiting");
    const std::string runningId = core.StartJob(running.type);
    const std::string endedId = core.StartJob(ended.type);
    for (const auto& [job, id] : {std::pair(running, runningId), std::pair(ended, endedId)})
    {
      ASSERT_TRUE(runs.BeginSubmission(job));
      ASSERT_TRUE(runs.EndSubmission(job, id));
    }
    core.Change(endedId,
                [](CoreJob& job)
                {
                  job.state = JobState::Success;
                });
    runs.RefuseSubmission(refused, {ErrorCode::UnknownResource, "No"});

    std::set<std::string> dropped;
    for (const ClaimedJob& job : RecallRuns(runs, core, In(std::chrono::seconds(10))))
    {
      dropped.insert(job.id);
    }
    EXPECT_EQ((std::set<std::string>{"running", "waiting"}), dropped);
    EXPECT_EQ(std::set<std::string>{runningId}, core.GetCancelled());
    EXPECT_TRUE(runs.Contains(ended));
    EXPECT_TRUE(runs.Contains(refused));
    EXPECT_TRUE(runs.MayWrite(ended, InState(JobState::Success)));
    EXPECT_TRUE(runs.MayWrite(refused, InState(JobState::Failure, ErrorCode::UnknownResource)));

    // The cancellation is ours, and nobody else's business
    EXPECT_FALSE(runs.MayWrite(ended, InState(JobState::Failure, ErrorCode::CanceledJob)));
    EXPECT_FALSE(runs.MayWrite(ended, InState(JobState::Running)));
    EXPECT_FALSE(runs.MayWrite(running, InState(JobState::Success)));
  }

  TEST(RunRecall, RemembersTheEndsThatTheCoreHasForgotten)
  {
    RunTable runs;
    FakeCore core;
    const ClaimedJob good = Claim(runs, "good");
    const ClaimedJob cancelled = Claim(runs, "cancelled");
    for (const auto& [job, end] : {std::pair(good, InState(JobState::Success)),
                                   std::pair(cancelled, InState(JobState::Failure, ErrorCode::CanceledJob))})
    {
      ASSERT_TRUE(runs.BeginSubmission(job));
      ASSERT_TRUE(runs.EndSubmission(job, "local " + job.id));
      CoreJob ended = end;
      ended.id = "local " + job.id;
      EXPECT_TRUE(runs.IsUnfinished(ended.id));
      EXPECT_TRUE(runs.SetEnd(ended));
      EXPECT_FALSE(runs.SetEnd(ended));
      EXPECT_FALSE(runs.IsUnfinished(ended.id));
    }
    EXPECT_EQ(0u, runs.CountBusy());
    EXPECT_EQ(0u, runs.CountAtCore());
    const auto dropped = RecallRuns(runs, core, In(std::chrono::seconds(10)));
    ASSERT_EQ(1u, dropped.size());
    EXPECT_EQ("cancelled", dropped[0].id);
    EXPECT_TRUE(runs.Contains(good));
    EXPECT_FALSE(runs.Contains(cancelled));
  }

  TEST(RunRecall, WaitsForTheCoreUntilTheDeadline)
  {
    RunTable runs;
    FakeCore core;
    const ClaimedJob job = Claim(runs, "stubborn");
    const std::string id = core.StartJob(job.type);
    core.IgnoreCancel(id);
    ASSERT_TRUE(runs.BeginSubmission(job));
    ASSERT_TRUE(runs.EndSubmission(job, id));
    auto recall = std::async(std::launch::async,
                             [&]
                             {
                               return RecallRuns(runs, core, In(std::chrono::milliseconds(300)));
                             });
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return core.GetCancelled().contains(id);
        }));
    EXPECT_TRUE(runs.Contains(job));
    EXPECT_EQ(1u, recall.get().size());
    EXPECT_FALSE(runs.Contains(job));
    EXPECT_TRUE(runs.MayBeRun(id, "")); // not taken for a local job
  }

  TEST(RunRecall, SubmissionUnderWayIsDroppedWhenItIsAccepted)
  {
    RunTable runs;
    FakeCore core;
    const ClaimedJob job = Claim(runs, "slow");
    ASSERT_TRUE(runs.BeginSubmission(job));
    EXPECT_EQ(1u, RecallRuns(runs, core, In(std::chrono::milliseconds(0))).size());
    EXPECT_TRUE(runs.MayBeRun("unknown yet", job.type));
    EXPECT_FALSE(runs.EndSubmission(job, "known now"));
    EXPECT_FALSE(runs.MayBeRun("another", job.type));
    EXPECT_EQ(std::vector<std::string>{"known now"}, runs.TakeOrphans());
    EXPECT_FALSE(runs.BeginSubmission(job));
  }
}
