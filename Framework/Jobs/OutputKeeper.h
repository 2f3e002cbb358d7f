// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/OutputStore.h"

#include <set>

namespace OrthancRegistry
{
  // What the end of a job at the core has to wait for
  struct OutputVerdict
  {
    enum class State
    {
      Settled, // in the registry, or there will be none
      Copying, // to be asked again
      Gone,    // the job does not belong to this replica any more
      Failed   // the job has failed, for "reason"
    };

    State state = State::Settled;
    std::string reason;
  };

  class IOutputKeeper
  {
  public:
    virtual ~IOutputKeeper() = default;

    // Asked again and again about a job that has reached Success at the core, until it is settled. Quick.
    virtual OutputVerdict Secure(const OutputOwner& owner, const CoreJob& job) = 0;

    // Forgets what has been settled, but for jobs that the core still lists.
    virtual void Prune(const std::set<std::string>& idsOfCore) = 0;
  };

  // True for the types of jobs that end with an output.
  bool HasOutput(const std::string& jobType);

  // A job whose output is still to be copied goes on running, so that whoever sees its success can download
  // it: changes what the core says about the job. Answers what the keeper has said, "Settled" for other jobs.
  OutputVerdict::State SecureOutput(IOutputKeeper& keeper, const OutputOwner& owner, CoreJob& job);
}
