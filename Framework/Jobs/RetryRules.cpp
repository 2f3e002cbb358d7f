// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RetryRules.h"

#include "Framework/Common/Errors.h"

#include <algorithm>
#include <cmath>

namespace OrthancRegistry
{
  namespace
  {
    constexpr double MICROSECONDS_PER_SECOND = 1e6;
    constexpr double PERCENT = 100;
  }

  const RetryRule* FindRetryRule(const std::vector<RetryRule>& rules, const FailedRun& run)
  {
    if (run.errorCode == static_cast<int>(ErrorCode::CanceledJob))
    {
      return nullptr;
    }
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [&](const RetryRule& candidate)
                                   {
                                     return candidate.pattern.Matches(run.type, run.destination);
                                   });
    const bool hasAttempts = rule != rules.end() && static_cast<int64_t>(run.retries) + 1 < rule->attempts;
    return hasAttempts ? &*rule : nullptr;
  }

  int64_t GetRetryDelay(const RetryRule& rule, int retries, double share)
  {
    const double grown = rule.delaySeconds * std::pow(rule.factor, std::max(retries, 0)); // may be infinite
    const double seconds = std::min<double>(grown, rule.maximumDelaySeconds);
    const double jitter = seconds * rule.jitterPercent / PERCENT * std::clamp(share, 0.0, 1.0);
    return std::llround((seconds + jitter) * MICROSECONDS_PER_SECOND);
  }
}
