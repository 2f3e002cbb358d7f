// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/WaitingRoom.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t SHARES = 16;
    constexpr std::chrono::seconds LIFETIME{1};
  }

  WaitingRoom::WaitingRoom(unsigned int maximum) : maximum_(maximum)
  {
  }

  bool WaitingRoom::UseAllowance()
  {
    const std::lock_guard lock(mutex_);
    if (allowance_ == 0 || std::chrono::steady_clock::now() >= expiry_)
    {
      return false;
    }
    allowance_--;
    return true;
  }

  bool WaitingRoom::TryEnter(Transaction& transaction)
  {
    if (maximum_ == 0 || UseAllowance())
    {
      return true;
    }
    const auto waiting = transaction.QueryValue<int64_t>(
        "SELECT (SELECT COUNT(*) FROM (SELECT seq FROM SharedJobs WHERE state = 0 AND origin = 0"
        " AND notBefore IS NULL ORDER BY claimRank, seq LIMIT $1) AS claimable)"
        " + (SELECT COUNT(*) FROM (SELECT seq FROM SharedJobs WHERE notBefore IS NOT NULL AND state <> 4"
        " ORDER BY notBefore LIMIT $1) AS later)",
        maximum_);
    const int64_t room = int64_t{maximum_} - waiting;
    const std::lock_guard lock(mutex_);
    allowance_ = room > 0 ? room / SHARES : 0;
    expiry_ = std::chrono::steady_clock::now() + LIFETIME;
    return room > 0;
  }
}
