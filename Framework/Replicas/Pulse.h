// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Replicas/LeaseGuard.h"
#include "Framework/Replicas/PulseQuestions.h"
#include "Framework/Replicas/ReplicaRegistry.h"

#include <functional>

namespace OrthancRegistry
{
  // What happens at each heartbeat. All are quick, and called from the thread of the pulse.
  struct PulseHandlers
  {
    std::function<unsigned int()> countRunningJobs;
    std::function<void()> onWorkWaiting;
    std::function<void(std::chrono::microseconds)> onJobPutOff; // until the next one may run
    std::function<void()> onReplicaExpired;
    std::function<void()> onTakenForDead; // by others; before this replica announces itself again
    std::function<void(LeaseGuard::Clock::time_point sent)> onRenewed; // the lease, from then on
    std::function<void()> onActionRequested;
  };

  // Tells the other replicas that this one is alive, and looks for what may have been missed.
  class Pulse
  {
  public:
    // The references must outlive this object.
    Pulse(const JobsConfiguration& configuration, ReplicaRegistry& registry, PulseQuestions& questions,
          PulseHandlers handlers);

    void Start();
    void Stop();

  private:
    std::chrono::milliseconds Beat();

    const std::chrono::milliseconds interval_;
    ReplicaRegistry& registry_;
    PulseQuestions& questions_;
    PulseHandlers handlers_;
    BackgroundTask task_;
  };
}
