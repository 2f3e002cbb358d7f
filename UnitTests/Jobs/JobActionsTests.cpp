// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/JobActions.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  TEST_P(JobActions, RunningJobIsCancelledThroughAnotherReplica)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = MakeRunning(a, "/x");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Cancel).kind);
    RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                                        std::chrono::steady_clock::now() - start)
                                                        .count()));
    ASSERT_TRUE(b.WaitForState(id, JobState::Failure));
    const Job job = b.Get().Get(id).value();
    EXPECT_EQ(37, job.errorCode);
    EXPECT_FALSE(job.requestedAction);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Cancel).kind);
    EXPECT_EQ(Kind::Refused, b.Get().Apply(id, JobAction::Resume).kind);

    // By the id of its run, and from the beginning
    SetState(a, localId_, JobState::Failure);
    EXPECT_EQ(Kind::Done, b.Get().Apply(localId_, JobAction::Resubmit).kind);
    ASSERT_TRUE(b.WaitForState(id, JobState::Running));
    EXPECT_EQ(1, b.Get().Get(id)->attempts);
    a.GetCore().RunByItself();
    EXPECT_TRUE(b.WaitForState(id, JobState::Success));
  }

  TEST_P(JobActions, PausedRunFreesItsSlotAndGoesOn)
  {
    configuration_.concurrentJobs = 1;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = MakeRunning(a, "/paused");
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Pause).kind);
    ASSERT_TRUE(b.WaitForState(id, JobState::Paused));
    EXPECT_EQ(a.GetIdentity().incarnation, b.Get().Get(id)->owner);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Pause).kind);

    MakeRunning(a, "/next"); // in its place
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Resume).kind);
    EXPECT_EQ(JobState::Running, b.Get().Get(id)->state); // at once
    EXPECT_EQ(Kind::Refused, b.Get().Apply(id, JobAction::Resume).kind);
    a.GetCore().RunByItself();
    EXPECT_TRUE(b.WaitForState(id, JobState::Success));
    EXPECT_EQ(2u, a.GetCore().GetSubmissions().size());
  }

  TEST_P(JobActions, LocalJobIsControlledThroughAnotherReplica)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = a.GetCore().StartJob("DicomModalityStore");
    ASSERT_TRUE(a.WaitForState(id, JobState::Pending));
    // None of these has an event of the core, yet each is seen as soon as it is answered
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Pause).kind);
    EXPECT_EQ(JobState::Paused, b.Get().Get(id)->state);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Resume).kind);
    EXPECT_EQ(JobState::Pending, b.Get().Get(id)->state);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Cancel).kind);
    Job job = b.Get().Get(id).value();
    EXPECT_EQ(JobState::Failure, job.state);
    EXPECT_EQ(37, job.errorCode);
    EXPECT_TRUE(job.completed);
    EXPECT_EQ(Kind::Done, b.Get().Apply(id, JobAction::Resubmit).kind);
    job = b.Get().Get(id).value();
    EXPECT_EQ(JobState::Pending, job.state);
    EXPECT_FALSE(job.completed);
    EXPECT_EQ(Kind::Refused, b.Get().Apply(id, JobAction::Resubmit).kind);

    // The same through its own replica, at the core's state of the moment
    SetState(a, id, JobState::Paused);
    EXPECT_EQ(Kind::Done, a.Get().Apply(id, JobAction::Resume).kind);
    EXPECT_EQ(JobState::Pending, a.Get().Get(id)->state);
  }

  TEST_P(JobActions, FailureOfTheCoreIsAnswered)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string archive = a.GetCore().StartJob("Archive");
    SetState(a, archive, JobState::Failure);
    ASSERT_TRUE(a.WaitForState(archive, JobState::Failure));
    ActionAnswer answer = b.Get().Apply(archive, JobAction::Resubmit);
    EXPECT_EQ(Kind::Failed, answer.kind);
    EXPECT_EQ(ErrorCode::BadSequenceOfCalls, answer.code);
    EXPECT_EQ(JobState::Failure, b.Get().Get(archive)->state);

    a.GetCore().Forget(archive);
    answer = b.Get().Apply(archive, JobAction::Resubmit);
    EXPECT_EQ(Kind::Refused, answer.kind);
    EXPECT_THAT(answer.details, testing::HasSubstr("a has forgotten"));
  }

  TEST_P(JobActions, SubmissionUnderWayIsCancelledOrPaused)
  {
    configuration_.concurrentJobs = 1;
    TestReplica& a = AddReplica("a");
    for (const JobAction action : {JobAction::Cancel, JobAction::Pause})
    {
      const std::string uri = action == JobAction::Cancel ? "/cancelled" : "/paused";
      a.GetCore().HoldBack(uri);
      const std::string id = a.Submit(MakeJob(uri));
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return a.GetCore().CountHeldBack() == 1;
          }));
      EXPECT_EQ(Kind::Done, a.Get().Apply(id, action).kind);
      Job job = a.Get().Get(id).value();
      EXPECT_EQ(action == JobAction::Cancel ? JobState::Failure : JobState::Paused, job.state);
      EXPECT_EQ(action == JobAction::Cancel ? 37 : 0, job.errorCode);
      EXPECT_EQ(0, job.attempts);
      EXPECT_EQ("", job.owner);

      // What the core makes of it is neither a local job nor goes on
      const size_t listings = a.GetCore().CountListings();
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            a.GetIds();
            return a.GetCore().CountListings() > listings + 3;
          }));
      EXPECT_FALSE(a.Get().Get(a.GetCore().GetJobs().back().id) &&
                   a.Get().Get(a.GetCore().GetJobs().back().id)->origin == JobOrigin::Local);
      a.GetCore().Release();
      const std::string late = a.GetCore().WaitForSubmission(uri);
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            return a.GetCore().GetCancelled().contains(late);
          }));
      EXPECT_EQ(job.state, a.Get().Get(id)->state);
      EXPECT_EQ(action == JobAction::Cancel ? 1u : 2u, a.GetIds().size());
    }
  }

  // It would begin once more otherwise
  TEST_P(JobActions, PauseWaitsForAShortSubmission)
  {
    TestReplica& a = AddReplica("a");
    a.GetCore().HoldBack("/x");
    const std::string id = a.Submit(MakeJob("/x"));
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.GetCore().CountHeldBack() == 1;
        }));
    auto answer = ApplyLater(a, id, JobAction::Pause);
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return a.Get().Get(id)->requestedAction.has_value();
        }));
    a.GetCore().Release();
    EXPECT_EQ(Kind::Done, answer.get().kind);
    ASSERT_TRUE(a.WaitForState(id, JobState::Paused));
    EXPECT_EQ(a.GetIdentity().incarnation, a.Get().Get(id)->owner);
    EXPECT_EQ(1, a.Get().Get(id)->attempts);
    EXPECT_TRUE(a.GetCore().GetCancelled().empty());
  }

  TEST_P(JobActions, OwnerThatDoesNotAnswerInTimeActsLater)
  {
    configuration_.actionMilliseconds = 300;
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b", false);
    const std::string id = MakeRunning(a, "/x");
    a.GetCore().HoldBackActions();
    const auto start = std::chrono::steady_clock::now();
    const ActionAnswer answer = b.Get().Apply(id, JobAction::Pause);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));
    EXPECT_EQ(Kind::NotAnswered, answer.kind);
    EXPECT_THAT(answer.details, testing::HasSubstr("Replica a has not answered"));
    EXPECT_EQ(JobAction::Pause, b.Get().Get(id)->requestedAction);
    // Another one, then the same: both wait for the first
    EXPECT_EQ(Kind::NotAnswered, b.Get().Apply(id, JobAction::Cancel).kind);
    auto joined = ApplyLater(b, id, JobAction::Pause);
    a.GetCore().Release();
    EXPECT_EQ(Kind::Done, joined.get().kind);
    EXPECT_TRUE(b.WaitForState(id, JobState::Paused));
    EXPECT_EQ(1u, a.GetCore().GetActions().size());
  }

  TEST_P(JobActions, MissedMessageIsMadeUpByTheHeartbeat)
  {
    TestReplica& a = AddReplica("a");
    const std::string id = MakeRunning(a, "/x");
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    transaction.Execute("UPDATE SharedJobs SET revision = revision + 1, requestedAction = 1,"
                        " requestedRevision = revision + 1 WHERE id = $1",
                        id);
    transaction.Commit();
    EXPECT_TRUE(a.WaitForState(id, JobState::Paused));
  }

  CONFORMANCE_SUITE(JobActions);
}
