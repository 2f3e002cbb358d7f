// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Stability/StabilityConfiguration.h"

#include <algorithm>
#include <chrono>

namespace OrthancRegistry
{
  // When things happen to an unstable resource, counted from its last instance. The timer of the core itself
  // counts whole seconds: it ends between "age" + 1 s and + 1.5 s after the core has last seen an instance.
  struct StabilityTimes
  {
    using Milliseconds = std::chrono::milliseconds;

    explicit StabilityTimes(const StabilityConfiguration& configuration)
        : age(static_cast<Milliseconds::rep>(configuration.ageSeconds) * 1000),
          flush(std::min(Milliseconds(400), age / 4)), timerAge(age + flush),
          dueAge(timerAge + Milliseconds(250)), renewal(age / 2), news(std::min(Milliseconds(2000), age / 2))
    {
    }

    Milliseconds age;

    // Instances of resources that are recorded already are written down at most that late. Nobody takes a
    // resource for stable before all replicas have had the time to do so.
    Milliseconds flush;

    Milliseconds timerAge; // the quiet time after which the timer of a core is right
    Milliseconds dueAge;   // the quiet time after which the replicas act by themselves
    Milliseconds renewal;  // a core is told again after that time, so that its own timer does not end

    // An instance is known to all replicas after that time; until then its parents cannot become stable.
    Milliseconds news;
  };
}
