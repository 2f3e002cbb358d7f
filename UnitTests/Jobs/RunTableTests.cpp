// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunTable.h"

#include <gtest/gtest.h>

namespace OrthancRegistry::Testing
{
  TEST(RunTable, EndedRunsAreForgottenWithTheCore)
  {
    RunTable runs;
    ClaimedJob job;
    job.id = "job";
    job.type = "X";
    job.fence = 1;
    runs.Add(job);
    EXPECT_EQ(1u, runs.CountHeld());
    ASSERT_TRUE(runs.BeginSubmission(job));
    EXPECT_EQ(0u, runs.CountHeld());
    EXPECT_EQ(1u, runs.CountAtCore());
    ASSERT_TRUE(runs.EndSubmission(job, "local"));
    CoreJob core;
    core.id = "local";
    core.state = JobState::Success;
    ASSERT_TRUE(runs.SetEnd(core));
    EXPECT_EQ(0u, runs.CountAtCore());
    EXPECT_EQ(0u, runs.DropHeld(std::chrono::milliseconds(0)));
    runs.Prune({});
    EXPECT_TRUE(runs.IsRun("local")); // not written yet
    runs.Remove(job);
    EXPECT_TRUE(runs.IsRun("local"));
    runs.Prune({});
    EXPECT_FALSE(runs.IsRun("local")); // though it was never listed
  }

  TEST(RunTable, AbandonedSubmission)
  {
    RunTable runs;
    ClaimedJob job;
    job.id = "job";
    job.type = "X";
    job.fence = 1;
    runs.Add(job);
    EXPECT_EQ(1u, runs.CountBusy());
    ASSERT_TRUE(runs.BeginSubmission(job));
    EXPECT_TRUE(runs.MayBeRun("local", "X"));
    runs.Abandon(job);
    EXPECT_EQ(0u, runs.GetAll().size());
    EXPECT_TRUE(runs.MayBeRun("local", "X")); // its job may be listed before its id is known
    runs.EndSubmission(job, "local");
    EXPECT_FALSE(runs.MayBeRun("other", "X"));
    EXPECT_TRUE(runs.MayBeRun("local", "X"));
    EXPECT_EQ(std::vector<std::string>{"local"}, runs.TakeOrphans());

    // The submission ends first
    job.fence = 2;
    runs.Add(job);
    ASSERT_TRUE(runs.BeginSubmission(job));
    runs.EndSubmission(job, "second");
    runs.Abandon(job);
    EXPECT_EQ(std::vector<std::string>{"second"}, runs.TakeOrphans());
    EXPECT_FALSE(runs.MayBeRun("other", "X"));

    // It has not begun, and does not any more
    job.fence = 3;
    runs.Add(job);
    runs.Abandon(job);
    EXPECT_FALSE(runs.BeginSubmission(job));
    EXPECT_TRUE(runs.TakeOrphans().empty());

    // Refused, and claimed again meanwhile
    job.fence = 4;
    runs.Add(job);
    ASSERT_TRUE(runs.BeginSubmission(job));
    ClaimedJob again = job;
    again.fence = 5;
    runs.Add(again);
    EXPECT_TRUE(runs.MayBeRun("other", "X"));
    runs.RefuseSubmission(job, {});
    EXPECT_FALSE(runs.MayBeRun("other", "X"));
    EXPECT_FALSE(runs.GetAll().at(0).refusal);

    EXPECT_FALSE(runs.SetPaused(job, true)); // of the wrong claim
    EXPECT_EQ(1u, runs.CountBusy());
    EXPECT_TRUE(runs.SetPaused(again, true));
    EXPECT_FALSE(runs.SetPaused(again, true));
    EXPECT_EQ(0u, runs.CountBusy());
    EXPECT_EQ(1u, runs.GetAll().size());
    EXPECT_FALSE(runs.SetPaused(again, false));
    EXPECT_EQ(1u, runs.CountBusy());
  }
}
