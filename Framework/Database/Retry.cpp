// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace OrthancRegistry
{
  void WaitBeforeRetry(const RetryPolicy& policy, unsigned int retry)
  {
    const uint64_t doubled = static_cast<uint64_t>(policy.firstDelayMilliseconds) << std::min(retry, 20u);
    const uint64_t delay = std::min<uint64_t>(doubled, policy.maximumDelayMilliseconds);
    std::random_device random;
    const uint64_t jitter = delay == 0 ? 0 : random() % delay;
    std::this_thread::sleep_for(std::chrono::milliseconds(delay + jitter));
  }
}
