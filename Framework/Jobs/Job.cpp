// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/Job.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* UNKNOWN = "Unknown";
  }

  const char* GetName(JobState state)
  {
    switch (state)
    {
    case JobState::Pending:
      return "Pending";
    case JobState::Running:
      return "Running";
    case JobState::Success:
      return "Success";
    case JobState::Failure:
      return "Failure";
    case JobState::Paused:
      return "Paused";
    case JobState::Retry:
      return "Retry";
    }
    return UNKNOWN;
  }

  const char* GetName(JobOrigin origin)
  {
    switch (origin)
    {
    case JobOrigin::Queued:
      return "Queued";
    case JobOrigin::Local:
      return "Local";
    }
    return UNKNOWN;
  }

  std::optional<JobState> ParseJobState(std::string_view name)
  {
    for (const JobState state : {JobState::Pending, JobState::Running, JobState::Success, JobState::Failure,
                                 JobState::Paused, JobState::Retry})
    {
      if (name == GetName(state))
      {
        return state;
      }
    }
    return std::nullopt;
  }
}
