// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <cstdint>

namespace OrthancRegistry
{
  // The first key of the order of the claim (column "claimRank"), which never changes while a job waits:
  //   createdAt * age - min(max(priority, -limit), limit) * step
  // Without ageing this is -priority. With it, a job is as good as one of the next higher priority that has
  // been submitted "ageingSeconds" later.
  struct ClaimRank
  {
    int64_t age = 0;  // 0 or 1
    int64_t step = 1; // of one priority, in microseconds with ageing
    int64_t limit = 0;

    explicit ClaimRank(unsigned int ageingSeconds);

    // What is taken off for a priority
    int64_t GetBonus(int priority) const;
  };

  // Gives the queued jobs that were written under another setting the rank of this one, in batches.
  void CorrectClaimRanks(IDatabase& database, const ClaimRank& rank);
}
