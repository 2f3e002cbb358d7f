// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobsWorkers.h"

#include "Framework/Jobs/JobMessages.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_SUBMISSION_THREADS = 8;
    constexpr std::chrono::milliseconds REFRESH_PATIENCE{1000};
    constexpr int MARGINS_PER_LEASE = 12; // between the end of the last run and the end of the lease

    std::chrono::milliseconds GetLease(const JobsConfiguration& configuration)
    {
      return std::chrono::seconds(configuration.leaseSeconds);
    }

    // The parts know each other in a circle: some "workers" still have to be constructed.
    template <typename... Workers>
    std::function<void()> MakeWaker(Workers&... workers)
    {
      return [&workers...]
      {
        (workers.Wake(), ...);
      };
    }
  }

  JobsWorkers::JobsWorkers(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                           IDatabase& database, IMessageBus& bus, ICoreClient& core,
                           PulseQuestions& questions)
      : configuration_(configuration), identity_(identity), bus_(bus), waiters_(configuration.maximumWaiters),
        registry_(configuration, identity, database),
        runStore_(identity, database, bus, registry_, configuration),
        claims_(configuration, identity, database, bus), putOff_(database, bus),
        actionStore_(identity, database, bus), outputs_(configuration, identity, database, bus),
        retention_(configuration, database),
        copier_(configuration, outputs_, core, MakeWaker(watcher_, retention_)),
        watcher_(runs_, runStore_, core, copier_, MakeWaker(runner_, dispatcher_)),
        actionWorker_(actionStore_, runs_, watcher_, core, MakeWaker(runner_, dispatcher_)),
        crashRecords_(identity, database), lostRuns_(runs_, runStore_, crashRecords_, core),
        leaseGuard_(GetLease(configuration),
                    [this](std::chrono::steady_clock::time_point leaseEnd)
                    {
                      GiveUpRuns(leaseEnd);
                    }),
        ahead_(configuration.concurrentJobs), endReader_(runs_, core,
                                                         {[this]
                                                          {
                                                            OnRunEnded();
                                                          },
                                                          MakeWaker(watcher_)}),
        runner_(std::clamp<size_t>(configuration.concurrentJobs, 1, MAXIMUM_SUBMISSION_THREADS), runs_, core,
                {[this]
                 {
                   return HasSlot();
                 },
                 [this](const std::string& localId)
                 {
                   endReader_.Push(localId);
                   watcher_.WakeSoon();
                 },
                 MakeWaker(watcher_, runner_, dispatcher_)}),
        dispatcher_(
            // What waits for a slot would take the place of others at its limit.
            configuration.concurrentJobs, configuration.limits.empty() ? &ahead_ : nullptr, runs_, runStore_,
            claims_, putOff_,
            [this]
            {
              return watcher_.CountRunningLocalJobs();
            },
            {[this]
             {
               return leaseGuard_.IsHeld();
             },
             [this]
             {
               return lostRuns_.Recover();
             }},
            [this](const ClaimedJob& job)
            {
              runner_.Push(job);
            }),
        rescue_(configuration, identity, database, bus), history_(configuration, database),
        drain_(registry_, runs_, runStore_, core),
        pulse_(configuration, registry_, questions, MakePulseHandlers())
  {
    watcher_.SetLeaseHandlers(
        [this]
        {
          leaseGuard_.Check();
        },
        [this](const ClaimedJob& job)
        {
          lostRuns_.Add(job);
        });
    if (configuration.isReadOnly)
    {
      return;
    }
    const auto sent = std::chrono::steady_clock::now();
    registry_.Register();
    leaseGuard_.Renew(sent);
    leaseGuard_.Start();
    bus_.SetHandler(
        [this](std::string_view message)
        {
          OnMessage(message);
        });
    bus_.Start();
    pulse_.Start();
  }

  PulseHandlers JobsWorkers::MakePulseHandlers()
  {
    PulseHandlers handlers;
    handlers.countRunningJobs = [this]
    {
      return static_cast<unsigned int>(runs_.CountBusy());
    };
    handlers.onWorkWaiting = MakeWaker(dispatcher_);
    handlers.onJobPutOff = [this](std::chrono::microseconds untilDue)
    {
      dispatcher_.SetNextDue(untilDue);
    };
    handlers.onReplicaExpired = MakeWaker(rescue_);
    handlers.onTakenForDead = [this]
    {
      GiveUpRuns(std::chrono::steady_clock::now());
      watcher_.Forget();
    };
    handlers.onRenewed = [this](std::chrono::steady_clock::time_point sent)
    {
      OnLeaseRenewed(sent);
    };
    handlers.onActionRequested = MakeWaker(actionWorker_);
    return handlers;
  }

  JobsWorkers::~JobsWorkers()
  {
    waiters_.SetClosed(true);
    pulse_.Stop();
    leaseGuard_.Stop();
    bus_.Stop();
    history_.Stop();
    rescue_.Stop();
    actionWorker_.Stop();
    dispatcher_.Stop();
    runner_.Stop();
    endReader_.Stop();
    copier_.Stop();
    watcher_.Abort();
    retention_.Stop();
  }

  void JobsWorkers::Start()
  {
    if (configuration_.isReadOnly || isRunning_.exchange(true))
    {
      return;
    }
    waiters_.SetClosed(false);
    copier_.Start();
    retention_.Start();
    watcher_.Start();
    Refresh(); // what the core runs already takes slots
    endReader_.Start();
    runner_.Start();
    dispatcher_.Start();
    rescue_.Start();
    actionWorker_.Start();
    history_.Start();
  }

  void JobsWorkers::Stop()
  {
    if (!isRunning_ || isStopping_.exchange(true))
    {
      return;
    }
    waiters_.SetClosed(true);
    history_.Stop();
    dispatcher_.Stop();
    drain_.Announce();
    rescue_.Stop();
    actionWorker_.Stop();
    runner_.Stop();
    drain_.Run(std::chrono::steady_clock::now() + std::chrono::seconds(configuration_.drainSeconds));
    copier_.Stop();
    endReader_.Stop();
    watcher_.Stop();
    retention_.Stop();
    pulse_.Stop();
    leaseGuard_.Stop();
    bus_.Stop();
    drain_.Leave();
    isRunning_ = false;
    isStopping_ = false;
  }

  void JobsWorkers::OnCoreJob(const std::string& coreJobId)
  {
    if (runs_.IsRun(coreJobId))
    {
      endReader_.Push(coreJobId);
    }
    else if (runs_.IsSubmitting() && !watcher_.IsAnybodyWaiting())
    {
      watcher_.WakeSoon(); // most likely that submission
    }
    else
    {
      watcher_.Wake();
    }
  }

  bool JobsWorkers::HasSlot() const
  {
    return runs_.CountAtCore() + watcher_.CountRunningLocalJobs() < configuration_.concurrentJobs;
  }

  // With more to come, the end can wait for others.
  void JobsWorkers::OnRunEnded()
  {
    ahead_.Count(ClaimAhead::Clock::now());
    history_.OnJobsEnded();
    runner_.Wake();
    dispatcher_.Wake();
    watcher_.WriteEnds(runs_.CountHeld() == 0);
  }

  void JobsWorkers::Refresh()
  {
    watcher_.Refresh(REFRESH_PATIENCE);
  }

  void JobsWorkers::GiveUpRuns(std::chrono::steady_clock::time_point leaseEnd)
  {
    lostRuns_.GiveUp(leaseEnd - GetLease(configuration_) / MARGINS_PER_LEASE);
    dispatcher_.Wake();
  }

  void JobsWorkers::OnLeaseRenewed(std::chrono::steady_clock::time_point sent)
  {
    if (leaseGuard_.Renew(sent))
    {
      dispatcher_.Wake();
    }
  }

  void JobsWorkers::OnMessage(std::string_view message)
  {
    if (message.empty() || message == MESSAGE_JOBS)
    {
      dispatcher_.Wake();
    }
    waiters_.OnMessage(message);
    if (message.starts_with(MESSAGE_FIND))
    {
      watcher_.AnswerSearch();
    }
    if (message.empty() || message == std::string(MESSAGE_ACT) + identity_.incarnation)
    {
      actionWorker_.Wake();
    }
    const std::string forget = std::string(MESSAGE_FORGET) + identity_.incarnation + ":";
    if (message.starts_with(forget))
    {
      actionWorker_.Forget(std::string(message.substr(forget.size())));
    }
  }
}
