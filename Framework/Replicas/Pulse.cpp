// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/Pulse.h"

#include "Framework/Common/Logging.h"

namespace OrthancRegistry
{
  Pulse::Pulse(const JobsConfiguration& configuration, ReplicaRegistry& registry, PulseQuestions& questions,
               PulseHandlers handlers)
      : interval_(configuration.heartbeatMilliseconds), registry_(registry), questions_(questions),
        handlers_(std::move(handlers)), task_("The heartbeat of this replica",
                                              [this]
                                              {
                                                return Beat();
                                              })
  {
  }

  void Pulse::Start()
  {
    task_.Start();
  }

  void Pulse::Stop()
  {
    task_.Stop();
  }

  std::chrono::milliseconds Pulse::Beat()
  {
    auto sent = LeaseGuard::Clock::now();
    const PulseQuestions::Round round = questions_.GetRound();
    const HeartbeatAnswer answer = registry_.Beat(handlers_.countRunningJobs(), round.sql);
    if (!answer.isRegistered)
    {
      LogWarning("This replica was late by more than its lease: others have taken over its jobs");
      handlers_.onTakenForDead();
      sent = LeaseGuard::Clock::now();
      registry_.Register();
    }
    handlers_.onRenewed(sent);
    if (answer.isWorkWaiting)
    {
      handlers_.onWorkWaiting();
    }
    if (answer.untilDue)
    {
      handlers_.onJobPutOff(*answer.untilDue);
    }
    if (answer.isReplicaExpired)
    {
      handlers_.onReplicaExpired();
    }
    if (answer.isActionRequested)
    {
      handlers_.onActionRequested();
    }
    questions_.Deliver(round, answer.answers);
    return interval_;
  }
}
