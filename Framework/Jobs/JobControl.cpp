// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobControl.h"

#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Jobs/JobTransitions.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    using Clock = std::chrono::steady_clock;

    // Messages can be lost.
    constexpr std::chrono::milliseconds LOOK_INTERVAL{500};

    bool IsExpected(const ExpectedRevisions& expected, int64_t revision)
    {
      return !expected || std::find(expected->begin(), expected->end(), revision) != expected->end();
    }

    ActionAnswer ReadAnswer(const ControlledJob& job, JobAction action)
    {
      const auto code = static_cast<ErrorCode>(job.answerCode);
      switch (code)
      {
      case ErrorCode::Success:
        return {};
      case ErrorCode::UnknownResource:
        return {ActionAnswer::Kind::Refused, code, "", job.replica};
      case ErrorCode::InexistentItem:
        return {ActionAnswer::Kind::Refused, code,
                "The core of replica " + job.replica + " has forgotten the job", job.replica};
      default:
        return {ActionAnswer::Kind::Failed, code,
                "The core of replica " + job.replica + " cannot " + GetName(action) + " the job",
                job.replica};
      }
    }
  }

  struct JobControl::Attempt
  {
    JobAction action = JobAction::Cancel;
    const ExpectedRevisions* expected = nullptr;
    bool isConditionMet = false; // what this action has changed itself does not count
    std::optional<int64_t> request;
    std::optional<int64_t> doubtful; // the revision after a write of which nobody knows whether it was done
    bool isWaiting = false;          // for the owner

    ActionAnswer GiveUp(const ControlledJob& job) const
    {
      std::string details = "The job is changed all the time by others: nothing has been done, try again";
      if (request)
      {
        details = "Replica " + job.replica +
                  " has not answered yet: the request is recorded, and will be carried out";
      }
      else if (isWaiting)
      {
        details = "Replica " + job.replica +
                  " has not answered an earlier request yet: this one is not recorded, try again";
      }
      return {ActionAnswer::Kind::NotAnswered, ErrorCode::Timeout, details, job.replica};
    }
  };

  JobControl::JobControl(const JobsConfiguration& configuration, IDatabase& database, IMessageBus& bus,
                         JobWaiters& waiters)
      : patience_(configuration.actionMilliseconds), waiters_(waiters), store_(database, bus)
  {
  }

  ActionAnswer JobControl::Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected)
  {
    const auto deadline = Clock::now() + patience_;
    const auto waiter = waiters_.Add(id);
    Attempt attempt;
    attempt.action = action;
    attempt.expected = &expected;
    for (;;)
    {
      const auto job = store_.Read(id);
      if (!job)
      {
        return {ActionAnswer::Kind::Unknown, ErrorCode::Success, "", ""};
      }
      attempt.isWaiting = false;
      try
      {
        if (auto answer = Try(attempt, *job))
        {
          return *answer;
        }
      }
      catch (const CommitInDoubtError&)
      {
        attempt.doubtful = job->revision + 1;
      }
      const auto now = Clock::now();
      if (now >= deadline || waiters_.IsClosed())
      {
        return attempt.GiveUp(*job);
      }
      if (attempt.isWaiting)
      {
        waiter->Wait(std::min(deadline, now + LOOK_INTERVAL));
      }
    }
  }

  std::optional<ActionAnswer> JobControl::Try(Attempt& attempt, const ControlledJob& job)
  {
    if (attempt.request && job.answeredRevision == *attempt.request)
    {
      return ReadAnswer(job, attempt.action);
    }
    if (attempt.request && job.requestedRevision == *attempt.request &&
        (job.isOwnerThere || !IsEnded(job.state)))
    {
      attempt.isWaiting = true; // the new state may be seen before the answer
      return std::nullopt;
    }
    attempt.request.reset(); // the run has ended, or nobody has the job any more
    attempt.isConditionMet =
        attempt.isConditionMet || (attempt.doubtful && job.revision >= *attempt.doubtful);
    if (!attempt.isConditionMet && !IsExpected(*attempt.expected, job.revision))
    {
      return ActionAnswer{ActionAnswer::Kind::WrongRevision, ErrorCode::Revision,
                          "The job has revision " + std::to_string(job.revision), job.replica};
    }
    return Decide(attempt, job);
  }

  std::optional<ActionAnswer> JobControl::Decide(Attempt& attempt, const ControlledJob& job)
  {
    const JobTransition transition = GetTransition(job.state, attempt.action, !job.owner.empty(), job.origin);
    switch (transition.verdict)
    {
    case JobVerdict::Refused:
    {
      // After a write in doubt: it was done, or another client has done the same
      const bool isDone = attempt.doubtful && job.revision >= *attempt.doubtful &&
                          (job.state == JobState::Pending || job.state == JobState::Running);
      return isDone ? ActionAnswer()
                    : ActionAnswer{ActionAnswer::Kind::Refused, ErrorCode::UnknownResource, "", job.replica};
    }
    case JobVerdict::Nothing:
      return ActionAnswer();
    case JobVerdict::Change:
      return ChangeRow(job, attempt.action) ? std::make_optional<ActionAnswer>() : std::nullopt;
    case JobVerdict::AskOwner:
      return AskOwner(attempt, job);
    }
    return std::nullopt;
  }

  bool JobControl::ChangeRow(const ControlledJob& job, JobAction action)
  {
    switch (action)
    {
    case JobAction::Cancel:
      return store_.Cancel(job);
    case JobAction::Pause:
      return store_.Pause(job);
    case JobAction::Resume:
      return store_.Resume(job);
    case JobAction::Resubmit:
      return store_.Resubmit(job);
    }
    return false;
  }

  std::optional<ActionAnswer> JobControl::AskOwner(Attempt& attempt, const ControlledJob& job)
  {
    // Jobs that have not ended will be taken over. The others have nobody any more who could run them.
    if (!job.isOwnerThere && IsEnded(job.state))
    {
      if (job.requestedAction)
      {
        store_.DropRequest(job);
      }
      return ActionAnswer{
          ActionAnswer::Kind::Refused, ErrorCode::InexistentItem,
          "Only the core that has run the job could run it again, and that process of replica " +
              job.replica + " has ended",
          job.replica};
    }
    if (!job.requestedAction)
    {
      attempt.request = store_.Request(job, attempt.action);
      attempt.isWaiting = attempt.request.has_value();
    }
    else
    {
      attempt.isWaiting = true;
      if (*job.requestedAction == attempt.action)
      {
        attempt.request = job.requestedRevision;
      }
    }
    attempt.isConditionMet = attempt.isConditionMet || attempt.request.has_value();
    return std::nullopt;
  }

  ActionAnswer JobControl::Delete(const std::string& id, const ExpectedRevisions& expected)
  {
    const auto deadline = Clock::now() + patience_;
    const auto waiter = waiters_.Add(id);
    Attempt attempt;
    bool isInDoubt = false;
    for (;;)
    {
      const auto job = store_.Read(id);
      if (!job || !IsEnded(job->state))
      {
        const bool isDone = !job && isInDoubt;
        return {isDone ? ActionAnswer::Kind::Done : ActionAnswer::Kind::Unknown, ErrorCode::Success, "", ""};
      }
      if (!IsExpected(expected, job->revision))
      {
        return {ActionAnswer::Kind::WrongRevision, ErrorCode::Revision,
                "The job has revision " + std::to_string(job->revision), job->replica};
      }
      attempt.isWaiting = job->requestedAction && job->isOwnerThere; // about to be run again
      try
      {
        if (!attempt.isWaiting && store_.Delete(*job))
        {
          return {};
        }
      }
      catch (const CommitInDoubtError&)
      {
        isInDoubt = true;
      }
      const auto now = Clock::now();
      if (now >= deadline || waiters_.IsClosed())
      {
        return attempt.GiveUp(*job);
      }
      if (attempt.isWaiting)
      {
        waiter->Wait(std::min(deadline, now + LOOK_INTERVAL));
      }
    }
  }
}
