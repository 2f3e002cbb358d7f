// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobTransitions.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Jobs/JobControl.h"
#include "UnitTests/Jobs/TestCluster.h"

#include <array>
#include <future>
#include <map>

namespace OrthancRegistry::Testing
{
  namespace
  {
    using enum JobState;
    using enum JobAction;

    constexpr std::array STATES = {Pending, Running, Success, Failure, Paused, Retry};
    constexpr std::array ACTIONS = {Cancel, Pause, Resume, Resubmit};

    // Written down once more, as the core answers: '4' refused, '2' without effect, otherwise the new state
    const std::map<JobState, std::string> CORE = {{Pending, "FZ44"}, {Running, "FZ44"}, {Success, "2244"},
                                                  {Failure, "224P"}, {Paused, "F2P4"},  {Retry, "FZ44"}};

    JobTransition GetExpected(JobState state, JobAction action, bool isAtCore)
    {
      const JobVerdict change = isAtCore ? JobVerdict::AskOwner : JobVerdict::Change;
      switch (CORE.at(state).at(static_cast<size_t>(action)))
      {
      case '4':
        return {JobVerdict::Refused, Pending};
      case '2':
        return {JobVerdict::Nothing, Pending};
      case 'F':
        return {change, Failure};
      case 'Z':
        return {change, Paused};
      default:
        return {change, Pending};
      }
    }

    bool IsAtCore(JobState state, bool hasOwner, JobOrigin origin)
    {
      return origin == JobOrigin::Local || state == Running ||
             (hasOwner && state != Success && state != Failure);
    }
  }

  TEST(JobTransitions, AllOfThem)
  {
    for (const JobState state : STATES)
    {
      for (const JobAction action : ACTIONS)
      {
        for (const bool hasOwner : {false, true})
        {
          for (const JobOrigin origin : {JobOrigin::Queued, JobOrigin::Local})
          {
            EXPECT_EQ(GetExpected(state, action, IsAtCore(state, hasOwner, origin)),
                      GetTransition(state, action, hasOwner, origin))
                << GetName(state) << " " << GetName(action) << " " << hasOwner << " " << GetName(origin);
          }
        }
      }
    }
  }

  TEST(JobTransitions, Names)
  {
    for (const JobAction action : ACTIONS)
    {
      EXPECT_EQ(action, ParseJobAction(GetName(action)));
    }
    EXPECT_FALSE(ParseJobAction("Cancel"));
    EXPECT_FALSE(ParseJobAction(""));
  }

  class JobRows : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      bus_ = database_->CreateBus();
      configuration_.actionMilliseconds = 0; // nobody answers here
      Execute(
          "INSERT INTO SharedReplicas(incarnation, serverIdentifier, name, version, startedAt, heartbeatAt,"
          " leaseMicroseconds, capacity, running, draining) VALUES ('there', 'A', 'A', '1', SharedNow(),"
          " SharedNow(), 60000000, 1, 0, 0)");
    }

    template <typename... Arguments>
    void Execute(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql, arguments...);
      transaction.Commit();
    }

    // A row in that state, as the registry makes it
    std::string MakeRow(JobState state, bool hasOwner, JobOrigin origin, const std::string& owner = "there")
    {
      const std::string id = GenerateUuid();
      const std::optional<std::string> ownerOrNull = hasOwner ? std::make_optional(owner) : std::nullopt;
      const std::optional<std::string> localId = origin == JobOrigin::Local ? std::make_optional(id)
                                                 : hasOwner ? std::make_optional(GenerateUuid())
                                                            : std::nullopt;
      const bool isPutOff = origin == JobOrigin::Queued && state == Retry;
      Execute(
          "INSERT INTO SharedJobs(id, type, state, origin, priority, createdAt, changedAt, completedAt,"
          " notBefore, attempts, retries, crashes, fence, owner, replica, localId, progress, errorCode,"
          " runtimeMilliseconds)"
          " VALUES ($1, 'X', $2, $3, 0, 5, 5, CASE WHEN $4 = 1 THEN 9 ELSE NULL END,"
          " CASE WHEN $5 = 1 THEN 99 ELSE NULL END, 2, 1, 1, 7, $6, CASE WHEN $7 = 1 THEN 'A' ELSE NULL END,"
          " $8, 50, 9, 1234)",
          id, state, origin, IsEnded(state), isPutOff, ownerOrNull, hasOwner, localId);
      Execute("INSERT INTO SharedJobDetails(id, uri, body, content, errorDetails, lostReplicas)"
              " VALUES ($1, '/x', NULL, '{\"Kept\":1}', 'Old', 'B')",
              id);
      return id;
    }

    ControlledJob Read(const std::string& id)
    {
      return JobControlStore(GetDatabase(), *bus_).Read(id).value();
    }

    ActionAnswer Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected = {})
    {
      return JobControl(configuration_, GetDatabase(), *bus_, signal_).Apply(id, action, expected);
    }

    std::unique_ptr<IMessageBus> bus_;
    ChangeSignal signal_;
  };

  TEST_P(JobRows, EachActionOnEachState)
  {
    for (const JobState state : STATES)
    {
      for (const JobAction action : ACTIONS)
      {
        for (const auto& [hasOwner, origin] :
             {std::pair(false, JobOrigin::Queued), std::pair(true, JobOrigin::Queued),
              std::pair(true, JobOrigin::Local)})
        {
          const bool isPossible = origin == JobOrigin::Local ||
                                  (hasOwner ? state != Pending && state != Retry : state != Running);
          if (!isPossible)
          {
            continue;
          }
          SCOPED_TRACE(std::string(GetName(state)) + " " + GetName(action) + " " + GetName(origin) +
                       (hasOwner ? " owned" : " free"));
          const std::string id = MakeRow(state, hasOwner, origin);
          const ActionAnswer answer = Apply(id, action);
          const ControlledJob after = Read(id);
          const JobTransition expected = GetExpected(state, action, IsAtCore(state, hasOwner, origin));
          switch (expected.verdict)
          {
          case JobVerdict::Refused:
            EXPECT_EQ(ActionAnswer::Kind::Refused, answer.kind);
            EXPECT_EQ("", answer.details);
            EXPECT_EQ(1, after.revision);
            break;
          case JobVerdict::Nothing:
            EXPECT_EQ(ActionAnswer::Kind::Done, answer.kind);
            EXPECT_EQ(1, after.revision);
            break;
          case JobVerdict::Change:
            EXPECT_EQ(ActionAnswer::Kind::Done, answer.kind);
            EXPECT_EQ(expected.target, after.state);
            EXPECT_EQ(2, after.revision);
            EXPECT_FALSE(after.requestedAction);
            break;
          case JobVerdict::AskOwner:
            EXPECT_EQ(ActionAnswer::Kind::NotAnswered, answer.kind);
            EXPECT_EQ(state, after.state);
            EXPECT_EQ(action, after.requestedAction);
            EXPECT_EQ(2, after.requestedRevision);
            EXPECT_EQ(2, after.revision);
            break;
          }
        }
      }
    }
  }

  TEST_P(JobRows, UnknownJob)
  {
    EXPECT_EQ(ActionAnswer::Kind::Unknown, Apply("nobody", Cancel).kind);
  }

  TEST_P(JobRows, CancelEndsIt)
  {
    const std::string id = MakeRow(Retry, false, JobOrigin::Queued);
    Apply(id, Cancel);
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE id = $1 AND errorCode = 37"
                                     " AND completedAt IS NOT NULL AND notBefore IS NULL AND createdAt = 5",
                                     id));
    EXPECT_EQ("", QueryValue<std::string>("SELECT errorDetails FROM SharedJobDetails WHERE id = $1", id));
  }

  TEST_P(JobRows, PauseKeepsTheTimeOfTheClient)
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

  TEST_P(JobRows, ResubmitBeginsAnew)
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

  TEST_P(JobRows, RequestIsJoinedOrWaitedFor)
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

  TEST_P(JobRows, AnswersOfTheOwner)
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
      signal_.Raise();
      const ActionAnswer got = answer.get();
      EXPECT_EQ(kind, got.kind) << code;
      EXPECT_EQ(code, static_cast<int>(got.code));
      EXPECT_EQ(code != 7 && code != 6, got.details.empty()) << got.details;
    }
  }

  TEST_P(JobRows, RunEndsBeforeTheOwnerAnswers)
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

  TEST_P(JobRows, LocalJobOfALostProcessIsNotRunAgain)
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

  TEST_P(JobRows, ExpectedRevision)
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

  TEST_P(JobRows, DeleteOnlyWhatHasEnded)
  {
    JobControl control(configuration_, GetDatabase(), *bus_, signal_);
    for (const JobState state : STATES)
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

  TEST_P(JobRows, HalfStatesCannotBeWritten)
  {
    const std::string free = MakeRow(Pending, false, JobOrigin::Queued);
    const std::string running = MakeRow(Running, true, JobOrigin::Queued);
    const std::string ended = MakeRow(Failure, true, JobOrigin::Queued);
    const std::string retry = MakeRow(Retry, false, JobOrigin::Queued);
    const std::string local = MakeRow(Running, true, JobOrigin::Local);
    const std::vector<std::pair<std::string, std::string_view>> halves = {
        {free, "requestedAction = 0"},                           // asked, without a number
        {free, "requestedRevision = 1"},                         // a number, nothing asked
        {free, "requestedAction = 0, requestedRevision = 1"},    // asked of nobody
        {running, "requestedAction = 4, requestedRevision = 1"}, // no such action
        {running, "requestedAction = -1, requestedRevision = 1"},
        {free, "state = 1"},                       // resumed by nobody
        {free, "state = 3"},                       // cancelled, not completed
        {free, "state = 5"},                       // retried, never
        {free, "completedAt = 1"},                 // completed, waiting
        {free, "localId = 'x'"},                   // waiting, and at a core
        {running, "state = 0"},                    // handed back, owned
        {running, "owner = NULL"},                 // owner and replica go together
        {running, "owner = NULL, replica = NULL"}, // run by nobody
        {running, "state = 3"},                    // cancelled, not completed
        {running, "state = 5, notBefore = 1"},     // waits for its retry, owned
        {running, "notBefore = 1"},                // put off, and running
        {ended, "state = 0"},                      // resubmitted, completed
        {ended, "state = 0, completedAt = NULL"},  // resubmitted, owned
        {ended, "notBefore = 1"},                  // ended, put off
        {retry, "notBefore = NULL"},               // waits for no time
        {retry, "state = 3, completedAt = 1"},     // cancelled, put off
        {local, "owner = NULL, replica = NULL"},   // pinned to nobody
        {local, "localId = NULL"},
        {local, "origin = 0, state = 0"},
        {local, "notBefore = 1"},
        {local, "state = 2"},
    };
    for (const auto& [id, change] : halves)
    {
      EXPECT_THROW(Execute("UPDATE SharedJobs SET " + std::string(change) + " WHERE id = $1", id),
                   ConstraintError)
          << change;
    }
  }

  CONFORMANCE_SUITE(JobRows);
}
