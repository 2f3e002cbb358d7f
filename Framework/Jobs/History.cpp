// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/History.h"

#include "Framework/Database/Retry.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::seconds INTERVAL{60};
    constexpr std::chrono::seconds BUSY_INTERVAL{5}; // while many jobs end
    constexpr std::chrono::milliseconds BEHIND_INTERVAL{100};
    constexpr int64_t MICROSECONDS_PER_DAY = int64_t{86400} * 1000000;
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};

    // A turn walks through the history to find its end, so a long one may be exceeded by more.
    constexpr int64_t EXCESS_PART = 10;
  }

  History::History(const JobsConfiguration& configuration, IDatabase& database)
      : configuration_(configuration), database_(database),
        tables_{"sharedjobs", "sharedjobdetails", "sharedjobruns"},
        endsPerTurn_(configuration.historySize == 0
                         ? 0
                         : std::max<int64_t>(BATCH, configuration.historySize / EXCESS_PART)),
        task_("The pruning of the history of jobs",
              [this]
              {
                return Turn();
              })
  {
  }

  History::~History()
  {
    Stop();
  }

  void History::Start()
  {
    if (stop_.stop_requested())
    {
      stop_ = std::stop_source();
    }
    task_.Start();
  }

  void History::Stop()
  {
    stop_.request_stop();
    task_.Stop();
  }

  void History::OnJobsEnded(int64_t count)
  {
    if (endsPerTurn_ != 0 && (ended_ += count) >= endsPerTurn_)
    {
      ended_ = 0;
      task_.Wake();
    }
  }

  std::chrono::milliseconds History::Turn()
  {
    // Of the turns before: what has just been removed is not in the counters of the server yet.
    if (removed_ >= BATCH)
    {
      database_.ReuseSpace(tables_, stop_.get_token());
      removed_ = 0;
    }
    const int64_t removed = Prune();
    removed_ += removed;
    if (removed >= BATCH * MAXIMUM_BATCHES)
    {
      return BEHIND_INTERVAL;
    }
    return removed >= BATCH ? BUSY_INTERVAL : INTERVAL;
  }

  int64_t History::Prune()
  {
    return PruneState(JobState::Success) + PruneState(JobState::Failure);
  }

  int64_t History::PruneState(JobState state)
  {
    int64_t removed = 0;
    for (int batch = 0; batch < MAXIMUM_BATCHES; batch++)
    {
      const int64_t excess = configuration_.historySize == 0 ? 0 : PruneExcess(state);
      const int64_t old = configuration_.historyDays == 0 ? 0 : PruneOld(state);
      removed += excess + old;
      if (excess < BATCH && old < BATCH)
      {
        break;
      }
    }
    return removed;
  }

  // Two at once find the same oldest job that remains, so what each of them removes is too much anyway.
  int64_t History::PruneExcess(JobState state)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction) -> int64_t
        {
          const auto oldest = transaction.QueryOptional<int64_t, int64_t>(
              "SELECT completedAt, seq FROM SharedJobs WHERE state = $1 AND completedAt IS NOT NULL"
              " ORDER BY completedAt DESC, seq DESC LIMIT 1 OFFSET $2",
              state, configuration_.historySize - 1);
          if (!oldest)
          {
            return 0;
          }
          return transaction.ExecuteCounted(
              "WITH batch AS (SELECT id FROM SharedJobs WHERE state = $1 AND completedAt IS NOT NULL"
              " AND (completedAt, seq) < ($2, $3) ORDER BY completedAt, seq LIMIT 200 FOR UPDATE SKIP LOCKED)"
              " DELETE FROM SharedJobs WHERE id IN (SELECT id FROM batch LIMIT 200)",
              state, std::get<0>(*oldest), std::get<1>(*oldest));
        },
        BACKGROUND_POLICY);
  }

  int64_t History::PruneOld(JobState state)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          return transaction.ExecuteCounted(
              "WITH batch AS (SELECT id FROM SharedJobs WHERE state = $1 AND completedAt IS NOT NULL"
              " AND completedAt < SharedNow() - $2 ORDER BY completedAt, seq LIMIT 200"
              " FOR UPDATE SKIP LOCKED)"
              " DELETE FROM SharedJobs WHERE id IN (SELECT id FROM batch LIMIT 200)",
              state, configuration_.historyDays * MICROSECONDS_PER_DAY);
        },
        BACKGROUND_POLICY);
  }
}
