// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobTransitions.h"

#include "Framework/Database/DatabaseErrors.h"
#include "UnitTests/Jobs/JobRows.h"

#include <array>
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

  class JobTransitionsOfRows : public JobRows
  {
  };

  TEST_P(JobTransitionsOfRows, EachActionOnEachState)
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

  TEST_P(JobTransitionsOfRows, HalfStatesCannotBeWritten)
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

  CONFORMANCE_SUITE(JobTransitionsOfRows);
}
