// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/Job.h"

namespace OrthancRegistry
{
  enum class JobVerdict
  {
    Refused, // not allowed in this state
    Nothing, // allowed, and without effect
    Change,  // done in the row: no core has the job
    AskOwner // a core has the job: its replica acts, and answers
  };

  struct JobTransition
  {
    JobVerdict verdict = JobVerdict::Refused;
    JobState target = JobState::Pending; // of Change, and what AskOwner is expected to lead to

    bool operator==(const JobTransition&) const = default;
  };

  // What an action means in a state: the table of the core. "hasOwner" tells that the row names a replica;
  // a queued job that has ended may name one, and is at no core any more.
  JobTransition GetTransition(JobState from, JobAction action, bool hasOwner, JobOrigin origin);

  // "cancel", "pause", "resume", "resubmit": the last part of the route
  const char* GetName(JobAction action);
  std::optional<JobAction> ParseJobAction(std::string_view name);
}
