// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IDatabase.h"
#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobsConfiguration.h"

#include <atomic>
#include <stop_token>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Removes ended jobs that are too many or too old, with all that belongs to them, in small batches. Any
  // number of replicas may do so at once: none of them removes more than alone. Has the database make the
  // space of what has gone free again.
  class History
  {
  public:
    History(const JobsConfiguration& configuration, IDatabase& database);
    ~History();

    void Start();
    void Stop();

    // Jobs are ending, so there will be some to remove soon. Quick.
    void OnJobsEnded(int64_t count = 1);

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

    // That each job writes. Outputs and the keys of requests stay for hours: autovacuum is quick enough.
    const std::vector<std::string> tables_;
    const int64_t endsPerTurn_; // 0: ends alone cause none
    std::atomic<int64_t> ended_ = 0;
    int64_t removed_ = 0; // used by the thread only: since space was looked for
    std::stop_source stop_;
    BackgroundTask task_;
  };
}
