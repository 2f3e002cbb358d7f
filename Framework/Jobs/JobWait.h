// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobWaiters.h"

#include <functional>
#include <optional>

namespace OrthancRegistry
{
  struct WaitResult
  {
    std::optional<Job> job;
    bool isBusy = false; // too many wait already: answered at once
  };

  // The job as soon as its revision is above the given one (default: the present one), or as it is when the
  // time is over or all waiters are sent away. Reads once when it has been registered, once each time it is
  // woken up, and every few seconds, because messages can be lost. "find" also knows the ids of runs.
  using FindJob = std::function<std::optional<Job>(const std::string& id)>;
  WaitResult WaitForChange(JobWaiters& waiters, const FindJob& find, const std::string& id,
                           std::optional<int64_t> revision, std::chrono::seconds patience);
}
