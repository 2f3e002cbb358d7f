// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/OutputKeeper.h"

namespace OrthancRegistry
{
  bool HasOutput(const std::string& jobType)
  {
    return jobType == "Archive" || jobType == "Media";
  }

  OutputVerdict::State SecureOutput(IOutputKeeper& keeper, const OutputOwner& owner, CoreJob& job)
  {
    if (job.state != JobState::Success || !HasOutput(job.type))
    {
      return OutputVerdict::State::Settled;
    }
    const OutputVerdict verdict = keeper.Secure(owner, job);
    if (verdict.state == OutputVerdict::State::Copying)
    {
      job.state = JobState::Running;
      job.progress = 100;
    }
    if (verdict.state == OutputVerdict::State::Failed)
    {
      job.state = JobState::Failure;
      job.errorCode = static_cast<int>(ErrorCode::InternalError);
      job.errorDetails = verdict.reason;
    }
    return verdict.state;
  }
}
