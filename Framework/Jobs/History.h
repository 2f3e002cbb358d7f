// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IDatabase.h"
#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobsConfiguration.h"

namespace OrthancRegistry
{
  // Removes ended jobs that are too many or too old, with all that belongs to them, in small batches. Any
  // number of replicas may do so at once: none of them removes more than alone.
  class History
  {
  public:
    History(const JobsConfiguration& configuration, IDatabase& database);

    void Start();
    void Stop();

    // Up to MAXIMUM_BATCHES batches for each end state, answers how many jobs have been removed.
    static constexpr int64_t BATCH = 200;
    static constexpr int MAXIMUM_BATCHES = 10;
    int64_t Prune();

  private:
    std::chrono::milliseconds Turn();
    int64_t PruneState(JobState state);
    int64_t PruneExcess(JobState state);
    int64_t PruneOld(JobState state);

    const JobsConfiguration configuration_;
    IDatabase& database_;
    BackgroundTask task_;
  };
}
