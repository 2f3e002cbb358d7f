// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsConfiguration.h"

#include <cstdint>
#include <string>
#include <vector>

// The arithmetic of the automatic retry of failed jobs
namespace OrthancRegistry
{
  // A run of a queued job that has failed
  struct FailedRun
  {
    std::string type;
    std::string destination;
    int errorCode = 0;
    int retries = 0; // runs before this one that have failed and were followed by another one
  };

  // The first rule that matches decides; null if the job is not to be run again.
  const RetryRule* FindRetryRule(const std::vector<RetryRule>& rules, const FailedRun& run);

  // The microseconds from the end of that run to the next one. "share" is a random number from 0 to 1.
  int64_t GetRetryDelay(const RetryRule& rule, int retries, double share);
}
