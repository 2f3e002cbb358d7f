// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ClaimRank.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"

#include <algorithm>
#include <limits>
#include <string>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t MICROSECONDS_PER_SECOND = 1000000;
    constexpr int64_t MAXIMUM_BONUS = std::numeric_limits<int64_t>::max() / 2; // leaves room for the time
    constexpr int64_t MAXIMUM_PRIORITY = int64_t{1} << 31;
    constexpr int MAXIMUM_PASSES = 5; // rows that others hold right now are left for the next pass

    struct Batch
    {
      int64_t last = 0; // sequence
      int64_t count = 0;
    };

    Batch CorrectBatch(Transaction& transaction, const ClaimRank& rank, int64_t after)
    {
      Batch batch{after, 0};
      // Failed ones too: they can be submitted again.
      transaction.QueryEach<int64_t>(
          "WITH batch AS (SELECT id FROM SharedJobs WHERE seq > $1 AND origin = 0 AND state <> 2"
          " AND claimRank <> createdAt * $2 - CASE WHEN priority > $4 THEN $4 WHEN priority < -$4 THEN -$4"
          " ELSE priority END * $3 ORDER BY seq LIMIT 500 FOR UPDATE SKIP LOCKED)"
          " UPDATE SharedJobs SET claimRank = createdAt * $2 - CASE WHEN priority > $4 THEN $4"
          " WHEN priority < -$4 THEN -$4 ELSE priority END * $3 WHERE id IN (SELECT id FROM batch LIMIT 500)"
          " RETURNING seq",
          [&batch](int64_t sequence)
          {
            batch.last = std::max(batch.last, sequence);
            batch.count++;
          },
          after, rank.age, rank.step, rank.limit);
      return batch;
    }
  }

  ClaimRank::ClaimRank(unsigned int ageingSeconds)
  {
    if (ageingSeconds > 0)
    {
      age = 1;
      step = int64_t{ageingSeconds} * MICROSECONDS_PER_SECOND;
    }
    limit = std::min(MAXIMUM_PRIORITY, MAXIMUM_BONUS / step);
  }

  int64_t ClaimRank::GetBonus(int priority) const
  {
    return std::clamp<int64_t>(priority, -limit, limit) * step;
  }

  void CorrectClaimRanks(IDatabase& database, const ClaimRank& rank)
  {
    const auto correctAll = [&]()
    {
      int64_t corrected = 0;
      for (Batch batch{0, 1}; batch.count > 0; corrected += batch.count)
      {
        batch = RunTransaction(database, AccessMode::ReadWrite,
                               [&](Transaction& transaction)
                               {
                                 return CorrectBatch(transaction, rank, batch.last);
                               });
      }
      return corrected;
    };
    int64_t total = 0;
    for (int pass = 0; pass < MAXIMUM_PASSES; pass++)
    {
      const int64_t corrected = correctAll();
      if (corrected == 0)
      {
        break;
      }
      total += corrected;
    }
    if (total > 0)
    {
      LogWarning("The order of " + std::to_string(total) +
                 " queued jobs has been brought in line with the option \"AgeingSeconds\"");
    }
  }
}
