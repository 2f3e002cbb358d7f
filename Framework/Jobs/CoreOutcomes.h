// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/OutputKeeper.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace OrthancRegistry
{
  // How jobs of the core end: with their outputs secured, or known from its change events only, because it
  // has forgotten them before their end has been seen. Set() is thread-safe, the rest is used by one turn of
  // the watcher at a time.
  class CoreOutcomes
  {
  public:
    explicit CoreOutcomes(IOutputKeeper& outputs);

    // The core has told the end of a job.
    void Set(const std::string& coreJobId, JobState outcome);

    // The output of a job that ends, see SecureOutput(). False if the job is not of this replica any more.
    bool Secure(const OutputOwner& owner, CoreJob& job);

    // The core lists the job (again).
    void SetListed(const std::string& coreJobId);

    // The end of a job that the core does not know any more, given what has been seen of it last. Nothing for
    // a few turns, as long as the event may still come.
    std::optional<CoreJob> ReadForgotten(const CoreJob& last);

  private:
    std::optional<JobState> Take(const std::string& coreJobId);

    IOutputKeeper& outputs_;

    std::mutex mutex_;
    std::map<std::string, JobState> outcomes_;

    std::map<std::string, unsigned int> missing_; // for how many turns
  };
}
