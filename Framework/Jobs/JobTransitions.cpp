// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobTransitions.h"

#include <array>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t STATES = 6;
    constexpr size_t ACTIONS = 4;

    constexpr JobTransition NO = {};
    constexpr JobTransition NOTHING = {JobVerdict::Nothing, JobState::Pending};
    constexpr JobTransition TO_PENDING = {JobVerdict::Change, JobState::Pending};
    constexpr JobTransition TO_FAILURE = {JobVerdict::Change, JobState::Failure};
    constexpr JobTransition TO_PAUSED = {JobVerdict::Change, JobState::Paused};

    // By the numbers of states and actions
    constexpr std::array<std::array<JobTransition, ACTIONS>, STATES> TABLE = {{
        // cancel     pause      resume      resubmit
        {{TO_FAILURE, TO_PAUSED, NO, NO}},       // Pending
        {{TO_FAILURE, TO_PAUSED, NO, NO}},       // Running
        {{NOTHING, NOTHING, NO, NO}},            // Success
        {{NOTHING, NOTHING, NO, TO_PENDING}},    // Failure
        {{TO_FAILURE, NOTHING, TO_PENDING, NO}}, // Paused
        {{TO_FAILURE, TO_PAUSED, NO, NO}}        // Retry
    }};
  }

  JobTransition GetTransition(JobState from, JobAction action, bool hasOwner, JobOrigin origin)
  {
    // What only a newer plugin knows is left to it.
    if (static_cast<size_t>(from) >= STATES || static_cast<size_t>(action) >= ACTIONS ||
        (origin != JobOrigin::Queued && origin != JobOrigin::Local))
    {
      return NO;
    }
    JobTransition transition = TABLE.at(static_cast<size_t>(from)).at(static_cast<size_t>(action));
    const bool isAtCore =
        origin == JobOrigin::Local || from == JobState::Running || (hasOwner && !IsEnded(from));
    if (transition.verdict == JobVerdict::Change && isAtCore)
    {
      transition.verdict = JobVerdict::AskOwner;
    }
    return transition;
  }

  const char* GetName(JobAction action)
  {
    switch (action)
    {
    case JobAction::Cancel:
      return "cancel";
    case JobAction::Pause:
      return "pause";
    case JobAction::Resume:
      return "resume";
    case JobAction::Resubmit:
      return "resubmit";
    }
    return "unknown";
  }

  std::optional<JobAction> ParseJobAction(std::string_view name)
  {
    for (const JobAction action :
         {JobAction::Cancel, JobAction::Pause, JobAction::Resume, JobAction::Resubmit})
    {
      if (name == GetName(action))
      {
        return action;
      }
    }
    return std::nullopt;
  }
}
