// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Queries/QueryRetention.h"

#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::minutes INTERVAL{1};
    constexpr int64_t BATCH = 10; // handles, each with its answers: the literals below say the same
    constexpr int MAXIMUM_BATCHES = 100;
    constexpr int64_t MICROSECONDS_PER_HOUR = int64_t{3600} * 1000000;
    constexpr RetryPolicy POLICY{2, 10, 100};
  }

  QueryRetention::QueryRetention(const QueriesConfiguration& configuration, IDatabase& database)
      : configuration_(configuration), database_(database), task_("The retention of queries",
                                                                  [this]
                                                                  {
                                                                    return Turn();
                                                                  })
  {
  }

  void QueryRetention::Start()
  {
    task_.Start();
  }

  void QueryRetention::Stop()
  {
    task_.Stop();
  }

  std::chrono::milliseconds QueryRetention::Turn()
  {
    return Prune() >= BATCH * MAXIMUM_BATCHES ? std::chrono::milliseconds(0) : INTERVAL;
  }

  int64_t QueryRetention::Prune()
  {
    int64_t removed = 0;
    for (int batch = 0; batch < MAXIMUM_BATCHES; batch++)
    {
      const int64_t excess = configuration_.size == 0 ? 0 : PruneExcess();
      const int64_t old = configuration_.hours == 0 ? 0 : PruneOld();
      removed += excess + old;
      if (excess < BATCH && old < BATCH)
      {
        break;
      }
    }
    return removed;
  }

  // The last handle that stays is the edge: two at once find the same one, and remove no more than one would.
  int64_t QueryRetention::PruneExcess()
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction) -> int64_t
        {
          const auto edge =
              transaction.QueryOptional<int64_t, int64_t>("SELECT lastUsedAt, seq FROM SharedQueries ORDER "
                                                          "BY lastUsedAt DESC, seq DESC LIMIT 1 OFFSET $1",
                                                          configuration_.size - 1);
          if (!edge)
          {
            return 0;
          }
          return transaction.ExecuteCounted(
              "WITH batch AS (SELECT id FROM SharedQueries WHERE (lastUsedAt, seq) < ($1, $2)"
              " ORDER BY lastUsedAt, seq LIMIT 10 FOR UPDATE SKIP LOCKED)"
              " DELETE FROM SharedQueries WHERE id IN (SELECT id FROM batch LIMIT 10)",
              std::get<0>(*edge), std::get<1>(*edge));
        },
        POLICY);
  }

  int64_t QueryRetention::PruneOld()
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          return transaction.ExecuteCounted(
              "WITH batch AS (SELECT id FROM SharedQueries WHERE createdAt < SharedNow() - $1"
              " ORDER BY createdAt LIMIT 10 FOR UPDATE SKIP LOCKED)"
              " DELETE FROM SharedQueries WHERE id IN (SELECT id FROM batch LIMIT 10)",
              configuration_.hours * MICROSECONDS_PER_HOUR);
        },
        POLICY);
  }
}
