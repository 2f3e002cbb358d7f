// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/CoreOutcomes.h"

namespace OrthancRegistry
{
  namespace
  {
    // How many turns a job may be missing before it counts as lost: the event about its end may still come.
    constexpr unsigned int PATIENCE_TURNS = 10;
    constexpr size_t MAXIMUM_OUTCOMES = 1000;
  }

  CoreOutcomes::CoreOutcomes(IOutputKeeper& outputs) : outputs_(outputs)
  {
  }

  void CoreOutcomes::Set(const std::string& coreJobId, JobState outcome)
  {
    const std::lock_guard lock(mutex_);
    if (outcomes_.size() >= MAXIMUM_OUTCOMES)
    {
      outcomes_.clear();
    }
    outcomes_[coreJobId] = outcome;
  }

  bool CoreOutcomes::Secure(const OutputOwner& owner, CoreJob& job)
  {
    const auto verdict = SecureOutput(outputs_, owner, job);
    if (verdict == OutputVerdict::State::Copying)
    {
      Set(job.id, JobState::Success); // the core may forget it meanwhile
    }
    return verdict != OutputVerdict::State::Gone;
  }

  void CoreOutcomes::SetListed(const std::string& coreJobId)
  {
    missing_.erase(coreJobId);
  }

  std::optional<CoreJob> CoreOutcomes::ReadForgotten(const CoreJob& last)
  {
    const auto outcome = Take(last.id);
    if (!outcome && ++missing_[last.id] < PATIENCE_TURNS)
    {
      return std::nullopt;
    }
    CoreJob job = last;
    if (outcome == JobState::Success)
    {
      job.state = JobState::Success;
      job.progress = 100;
      job.errorCode = 0;
      return job;
    }
    job.state = JobState::Failure;
    job.errorCode = static_cast<int>(ErrorCode::InternalError);
    if (outcome)
    {
      job.errorDetails = "Failed, and forgotten by the core at once: increase the option JobsHistorySize";
      return job;
    }
    missing_.erase(last.id);
    job.errorDetails = "Lost by the core: it does not know the job any more, nor has it told its end";
    return job;
  }

  std::optional<JobState> CoreOutcomes::Take(const std::string& coreJobId)
  {
    const std::lock_guard lock(mutex_);
    const auto node = outcomes_.extract(coreJobId);
    return node ? std::make_optional(node.mapped()) : std::nullopt;
  }
}
