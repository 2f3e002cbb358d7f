// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/RunStore.h"

#include <chrono>

namespace OrthancRegistry
{
  // How a replica goes on an orderly stop, once it claims nothing any more. The heart beats on, and jobs are
  // written down, while the core finishes what it has begun by itself: whoever waits for such a job is to
  // have the answer.
  class Drain
  {
  public:
    using Clock = std::chrono::steady_clock;

    Drain(ReplicaRegistry& registry, RunTable& runs, RunStore& store, ICoreClient& core);

    // Tells the others.
    void Announce();

    // Hands the running queued jobs back without counting the attempt, then waits for the local ones; until
    // the deadline at the latest. Logs what is waited for, and what was not worth waiting for.
    void Run(Clock::time_point deadline);

    // The last words, after which the heart must not beat any more
    void Leave();

  private:
    void HandBack();
    std::vector<std::string> GetActiveLocalJobs();
    void WaitForLocalJobs(Clock::time_point deadline);

    ReplicaRegistry& registry_;
    RunTable& runs_;
    RunStore& store_;
    ICoreClient& core_;
  };
}
