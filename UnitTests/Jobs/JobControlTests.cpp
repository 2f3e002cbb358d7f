// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobControl.h"

#include "Framework/Jobs/ActionStore.h"
#include "Framework/Jobs/JobTransitions.h"
#include "UnitTests/Jobs/DoubtfulDatabase.h"
#include "UnitTests/Jobs/JobRows.h"

#include <future>
#include <map>

namespace OrthancRegistry::Testing
{
  using enum JobState;
  using enum JobAction;

  class JobControlTest : public JobRows
  {
  protected:
    // The bus of SQLite does not accept a wrapped session.
    class SilentBus : public IMessageBus
    {
    public:
      void Publish(Transaction& /*transaction*/, std::string_view /*message*/) override
      {
      }

      void SetHandler(Handler /*handler*/) override
      {
      }

      void Start() override
      {
      }

      void Stop() override
      {
      }
    };

    SilentBus silent_;
  };

  TEST_P(JobControlTest, UnknownJob)
  {
    EXPECT_EQ(ActionAnswer::Kind::Unknown, Apply("nobody", Cancel).kind);
  }

  TEST_P(JobControlTest, CancelEndsIt)
  {
    const std::string id = MakeRow(Retry, false, JobOrigin::Queued);
    Apply(id, Cancel);
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE id = $1 AND errorCode = 37"
                                     " AND completedAt IS NOT NULL AND notBefore IS NULL AND createdAt = 5",
                                     id));
    EXPECT_EQ("", QueryValue<std::string>("SELECT errorDetails FROM SharedJobDetails WHERE id = $1", id));
  }

  TEST_P(JobControlTest, PauseKeepsTheTimeOfTheClient)
  {
    const std::string scheduled = MakeRow(Pending, false, JobOrigin::Queued);
    Execute("UPDATE SharedJobs SET notBefore = 77 WHERE id = $1", scheduled);
    Apply(scheduled, Pause);
    Apply(scheduled, Resume);
    EXPECT_EQ(77,
              QueryValue<int64_t>("SELECT notBefore FROM SharedJobs WHERE id = $1 AND state = 0", scheduled));

    // Like in the core, whoever resumes a job that waited for its retry does not wait any more
    const std::string retry = MakeRow(Retry, false, JobOrigin::Queued);
    Apply(retry, Pause);
    Apply(retry, Resume);
    EXPECT_EQ(
        1, QueryValue<int64_t>(
               "SELECT COUNT(*) FROM SharedJobs WHERE id = $1 AND state = 0 AND notBefore IS NULL", retry));
  }

  TEST_P(JobControlTest, ResubmitBeginsAnew)
  {
    const std::string id = MakeRow(Failure, true, JobOrigin::Queued);
    Execute("INSERT INTO SharedJobOutputs(jobId, outputKey, fence, fileName, contentType, size, createdAt)"
            " VALUES ($1, 'archive', 7, 'a.zip', 'application/zip', 1, 1)",
            id);
    Execute("INSERT INTO SharedJobOutputChunks(jobId, outputKey, number, data) VALUES ($1, 'archive', 0, $2)",
            id, Binary{"x"});
    EXPECT_EQ(ActionAnswer::Kind::Done, Apply(id, Resubmit).kind);
    EXPECT_EQ(1, QueryValue<int64_t>(
                     "SELECT COUNT(*) FROM SharedJobs WHERE id = $1 AND state = 0 AND progress = 0"
                     " AND runtimeMilliseconds = 0 AND attempts = 0 AND retries = 0 AND crashes = 0"
                     " AND owner IS NULL AND replica IS NULL AND localId IS NULL AND completedAt IS NULL"
                     " AND notBefore IS NULL AND createdAt = 5 AND errorCode = 9 AND fence = 7",
                     id));
    EXPECT_EQ(1,
              QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobDetails WHERE id = $1 AND lostReplicas = ''"
                                  " AND content = '{\"Kept\":1}' AND errorDetails = 'Old'",
                                  id));
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobOutputs"));
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobOutputChunks"));
  }

  TEST_P(JobControlTest, RequestIsJoinedOrWaitedFor)
  {
    const std::string id = MakeRow(Running, true, JobOrigin::Queued);
    Apply(id, Pause);
    const ActionAnswer joined = Apply(id, Pause);
    EXPECT_NE(std::string::npos, joined.details.find("will be carried out")) << joined.details;
    EXPECT_NE(std::string::npos, joined.details.find("Replica A")) << joined.details;
    const ActionAnswer other = Apply(id, Cancel);
    EXPECT_EQ(ActionAnswer::Kind::NotAnswered, other.kind);
    EXPECT_NE(std::string::npos, other.details.find("is not recorded")) << other.details;
    EXPECT_EQ(Pause, Read(id).requestedAction);
    EXPECT_EQ(2, Read(id).revision);
  }

  TEST_P(JobControlTest, RowThatHasChangedSinceIsLeftAlone)
  {
    JobControlStore store(GetDatabase(), *bus_);
    for (const auto& [state, hasOwner] :
         {std::pair(Pending, false), std::pair(Paused, true), std::pair(Failure, true)})
    {
      ControlledJob job = Read(MakeRow(state, hasOwner, JobOrigin::Queued));
      Execute("UPDATE SharedJobs SET revision = 2 WHERE id = $1", job.id);
      EXPECT_FALSE(store.Cancel(job));
      EXPECT_FALSE(store.Pause(job));
      EXPECT_FALSE(store.Resume(job));
      EXPECT_FALSE(store.Resubmit(job));
      EXPECT_FALSE(store.Request(job, Cancel));
      EXPECT_FALSE(store.DropRequest(job));
      EXPECT_FALSE(store.Delete(job));
      EXPECT_EQ(state, Read(job.id).state);
      EXPECT_EQ(2, Read(job.id).revision);
    }
  }

  TEST_P(JobControlTest, RequestThatIsGoneIsNotPromised)
  {
    configuration_.actionMilliseconds = 1000;
    const std::string id = MakeRow(Running, true, JobOrigin::Queued);
    auto answer = std::async(std::launch::async,
                             [&]
                             {
                               return Apply(id, Cancel);
                             });
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return Read(id).requestedAction.has_value();
        }));
    // Handed back, run again, and another client was faster
    Execute("UPDATE SharedJobs SET revision = 5, requestedAction = 1, requestedRevision = 5 WHERE id = $1",
            id);
    EXPECT_NE(std::string::npos, answer.get().details.find("is not recorded"));
  }

  TEST_P(JobControlTest, AnswersOfTheOwner)
  {
    configuration_.actionMilliseconds = 20000;
    const std::map<int, ActionAnswer::Kind> kinds = {{0, ActionAnswer::Kind::Done},
                                                     {17, ActionAnswer::Kind::Refused},
                                                     {7, ActionAnswer::Kind::Refused},
                                                     {6, ActionAnswer::Kind::Failed}};
    for (const auto& [code, kind] : kinds)
    {
      const std::string id = MakeRow(Running, true, JobOrigin::Queued);
      auto answer = std::async(std::launch::async,
                               [&]
                               {
                                 return Apply(id, Pause);
                               });
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return Read(id).requestedAction.has_value();
          }));
      Execute("UPDATE SharedJobs SET revision = revision + 1, answeredRevision = requestedRevision,"
              " answerCode = $2, requestedAction = NULL, requestedRevision = NULL WHERE id = $1",
              id, code);
      waiters_.OnMessage("");
      const ActionAnswer got = answer.get();
      EXPECT_EQ(kind, got.kind) << code;
      EXPECT_EQ(code, static_cast<int>(got.code));
      EXPECT_EQ(code != 7 && code != 6, got.details.empty()) << got.details;
    }
  }

  TEST_P(JobControlTest, RunEndsBeforeTheOwnerAnswers)
  {
    configuration_.actionMilliseconds = 20000;
    const std::map<JobState, JobState> ends = {{Success, Success}, {Pending, Failure}};
    for (const auto& [end, expected] : ends)
    {
      const std::string id = MakeRow(Running, true, JobOrigin::Queued);
      const int64_t revision = Read(id).revision;
      auto answer = std::async(std::launch::async,
                               [&]
                               {
                                 return Apply(id, Cancel, ExpectedRevisions({revision}));
                               });
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return Read(id).requestedAction.has_value();
          }));
      // No message: it looks by itself
      Execute(
          "UPDATE SharedJobs SET revision = revision + 1, requestedAction = NULL, requestedRevision = NULL,"
          " state = $2, completedAt = CASE WHEN $3 = 1 THEN 1 ELSE NULL END, owner = NULL, replica = NULL,"
          " localId = NULL WHERE id = $1",
          id, end, IsEnded(end));
      EXPECT_EQ(ActionAnswer::Kind::Done, answer.get().kind);
      EXPECT_EQ(expected, Read(id).state);
    }
  }

  TEST_P(JobControlTest, LocalJobOfALostProcessIsNotRunAgain)
  {
    const std::string id = MakeRow(Failure, true, JobOrigin::Local, "gone");
    ActionAnswer answer = Apply(id, Resubmit);
    EXPECT_EQ(ActionAnswer::Kind::Refused, answer.kind);
    EXPECT_NE(std::string::npos, answer.details.find("replica A has ended")) << answer.details;
    EXPECT_EQ(1, Read(id).revision);

    // Requested while it was there
    Execute("UPDATE SharedJobs SET requestedAction = 3, requestedRevision = 1 WHERE id = $1", id);
    answer = Apply(id, Resubmit);
    EXPECT_EQ(ActionAnswer::Kind::Refused, answer.kind);
    EXPECT_FALSE(Read(id).requestedAction);
    EXPECT_EQ(ActionAnswer::Kind::Done, Apply(id, Cancel).kind);
  }

  TEST_P(JobControlTest, ExpectedRevision)
  {
    const std::string id = MakeRow(Pending, false, JobOrigin::Queued);
    EXPECT_EQ(ActionAnswer::Kind::WrongRevision, Apply(id, Cancel, ExpectedRevisions({2, 3})).kind);
    EXPECT_EQ(Pending, Read(id).state);
    EXPECT_EQ(ActionAnswer::Kind::Done, Apply(id, Pause, ExpectedRevisions({2, 1})).kind);
    EXPECT_EQ(ActionAnswer::Kind::WrongRevision, Apply(id, Pause, ExpectedRevisions({1})).kind);
    EXPECT_EQ(ActionAnswer::Kind::Done, Apply(id, Pause, ExpectedRevisions({2})).kind);
    EXPECT_EQ(ActionAnswer::Kind::Refused, Apply(id, Resubmit, ExpectedRevisions({2})).kind);
    EXPECT_EQ(ActionAnswer::Kind::Unknown, Apply("nobody", Cancel, ExpectedRevisions({1})).kind);
  }

  TEST_P(JobControlTest, DeleteOnlyWhatHasEnded)
  {
    JobControl control(configuration_, GetDatabase(), *bus_, waiters_);
    for (const JobState state : {Pending, Running, Success, Failure, Paused, Retry})
    {
      const bool hasOwner = state == Running;
      const std::string id = MakeRow(state, hasOwner, JobOrigin::Queued);
      EXPECT_EQ(ActionAnswer::Kind::Unknown == control.Delete(id, {}).kind, !IsEnded(state))
          << GetName(state);
      EXPECT_EQ(IsEnded(state), !JobControlStore(GetDatabase(), *bus_).Read(id)) << GetName(state);
    }
    const std::string id = MakeRow(Success, true, JobOrigin::Local);
    EXPECT_EQ(ActionAnswer::Kind::WrongRevision, control.Delete(id, ExpectedRevisions({2})).kind);
    EXPECT_EQ(ActionAnswer::Kind::Done, control.Delete(id, ExpectedRevisions({1})).kind);
    EXPECT_EQ(ActionAnswer::Kind::Unknown, control.Delete(id, {}).kind);

    // About to be run again
    const std::string requested = MakeRow(Failure, true, JobOrigin::Local);
    Execute("UPDATE SharedJobs SET requestedAction = 3, requestedRevision = 1 WHERE id = $1", requested);
    EXPECT_EQ(ActionAnswer::Kind::NotAnswered, control.Delete(requested, {}).kind);
  }

  TEST_P(JobControlTest, RequestsAreCarriedOutWithoutTheOwner)
  {
    struct Expected
    {
      JobState state;
      JobAction action;
      JobState after;
      int attemptsHandedBack; // of 2
    };
    for (const bool isLost : {true, false})
    {
      const std::string local = MakeRow(Failure, true, JobOrigin::Local);
      Execute("UPDATE SharedJobs SET requestedAction = 3, requestedRevision = 1 WHERE id = $1", local);
      const std::string kept = MakeRow(Running, true, JobOrigin::Queued);
      Execute("UPDATE SharedJobs SET requestedAction = 0, requestedRevision = 1 WHERE id = $1", kept);
      for (const Expected& expected :
           {Expected{Running, Cancel, Failure, 1}, Expected{Running, Pause, Paused, 1},
            Expected{Paused, Resume, Pending, 2}, Expected{Paused, Cancel, Failure, 2}})
      {
        SCOPED_TRACE(GetName(expected.action));
        const std::string id = MakeRow(expected.state, true, JobOrigin::Queued);
        Execute("UPDATE SharedJobs SET requestedAction = $2, requestedRevision = 1 WHERE id = $1", id,
                expected.action);
        Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
        CarryOutRequests(transaction, *bus_, {"there", "A", "", ""}, isLost, {kept});
        transaction.Commit();
        const ControlledJob after = Read(id);
        EXPECT_EQ(expected.after, after.state);
        EXPECT_EQ("", after.owner);
        EXPECT_FALSE(after.requestedAction);
        EXPECT_EQ(1, after.answeredRevision);
        EXPECT_EQ(0, after.answerCode);
        EXPECT_EQ(expected.action == Cancel ? 37 : 9,
                  QueryValue<int>("SELECT errorCode FROM SharedJobs WHERE id = $1", id));
        EXPECT_EQ(expected.action == Cancel ? "" : "Old",
                  QueryValue<std::string>("SELECT errorDetails FROM SharedJobDetails WHERE id = $1", id));
        EXPECT_EQ(isLost ? 2 : expected.attemptsHandedBack,
                  QueryValue<int>("SELECT attempts FROM SharedJobs WHERE id = $1", id));
        EXPECT_EQ(isLost ? 2 : 1, QueryValue<int>("SELECT crashes FROM SharedJobs WHERE id = $1", id));
        EXPECT_EQ(isLost ? "B/gone/6\nA/there/7\n" : "B/gone/6\n",
                  QueryValue<std::string>("SELECT lostReplicas FROM SharedJobDetails WHERE id = $1", id));
      }
      EXPECT_EQ(isLost, !Read(local).requestedAction); // its process may have a successor, but no such job
      EXPECT_EQ(Failure, Read(local).state);
      EXPECT_TRUE(Read(kept).requestedAction);
      Execute("UPDATE SharedJobs SET requestedAction = NULL, requestedRevision = NULL");
    }
  }

  // Nobody knows whether it was committed: it was, or it was not
  TEST_P(JobControlTest, CommitInDoubtIsReadBack)
  {
    configuration_.actionMilliseconds = 20000;
    const std::vector<std::tuple<JobState, JobAction, JobState>> changes = {{Pending, Cancel, Failure},
                                                                            {Pending, Pause, Paused},
                                                                            {Paused, Resume, Pending},
                                                                            {Failure, Resubmit, Pending}};
    for (const auto& [state, action, target] : changes)
    {
      for (const bool isCommitted : {true, false})
      {
        SCOPED_TRACE(GetName(action));
        const std::string id = MakeRow(state, false, JobOrigin::Queued);
        DoubtfulDatabase doubtful(GetDatabase(), isCommitted);
        EXPECT_EQ(ActionAnswer::Kind::Done,
                  JobControl(configuration_, doubtful, silent_, waiters_).Apply(id, action, {{1}}).kind);
        EXPECT_EQ(0, doubtful.CountDoubts());
        EXPECT_EQ(target, Read(id).state);
        EXPECT_EQ(2, Read(id).revision);
      }
    }
    for (const bool isCommitted : {true, false})
    {
      const std::string id = MakeRow(Success, false, JobOrigin::Queued);
      DoubtfulDatabase doubtful(GetDatabase(), isCommitted);
      EXPECT_EQ(ActionAnswer::Kind::Done,
                JobControl(configuration_, doubtful, silent_, waiters_).Delete(id, {{1}}).kind);
      EXPECT_FALSE(JobControlStore(GetDatabase(), *bus_).Read(id));
    }
  }

  TEST_P(JobControlTest, RequestInDoubtIsJoined)
  {
    configuration_.actionMilliseconds = 200;
    for (const bool isCommitted : {true, false})
    {
      const std::string id = MakeRow(Running, true, JobOrigin::Queued);
      DoubtfulDatabase doubtful(GetDatabase(), isCommitted);
      const ActionAnswer answer =
          JobControl(configuration_, doubtful, silent_, waiters_).Apply(id, Cancel, {{1}});
      EXPECT_NE(std::string::npos, answer.details.find("will be carried out")) << answer.details;
      EXPECT_EQ(2, Read(id).requestedRevision);
      EXPECT_EQ(2, Read(id).revision);
    }
  }

  CONFORMANCE_SUITE(JobControlTest);
}
