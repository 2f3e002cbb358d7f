// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ActionWorker.h"
#include "Framework/Jobs/CoreWatcher.h"
#include "Framework/Jobs/Dispatcher.h"
#include "Framework/Jobs/Drain.h"
#include "Framework/Jobs/EndReader.h"
#include "Framework/Jobs/History.h"
#include "Framework/Jobs/JobWaiters.h"
#include "Framework/Jobs/LostRuns.h"
#include "Framework/Jobs/OutputCopier.h"
#include "Framework/Jobs/OutputRetention.h"
#include "Framework/Jobs/Rescue.h"
#include "Framework/Jobs/Runner.h"
#include "Framework/Replicas/Pulse.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <atomic>
#include <chrono>
#include <string_view>

namespace OrthancRegistry
{
  // What a replica does by itself: the parts that claim, run, follow, rescue and tidy up, how they wake each
  // other up, and the order in which they start and stop. For its life see JobsService. Thread-safe.
  class JobsWorkers
  {
  public:
    JobsWorkers(const JobsConfiguration& configuration, const ReplicaIdentity& identity, IDatabase& database,
                IMessageBus& bus, ICoreClient& core, PulseQuestions& questions);
    ~JobsWorkers();

    void Start();
    void Stop();

    bool IsRunning() const
    {
      return isRunning_;
    }

    // The core has told of a job: submitted, or ended. Quick.
    void OnCoreJob(const std::string& coreJobId);

    // Jobs that the own core has started by itself are in the database when this returns.
    void Refresh();

    JobWaiters& GetWaiters()
    {
      return waiters_;
    }

    RunStore& GetRunStore()
    {
      return runStore_;
    }

    CoreWatcher& GetWatcher()
    {
      return watcher_;
    }

    OutputStore& GetOutputs()
    {
      return outputs_;
    }

    OutputRetention& GetRetention()
    {
      return retention_;
    }

  private:
    PulseHandlers MakePulseHandlers();
    bool HasSlot() const;
    void OnRunEnded();
    void OnMessage(std::string_view message);
    void GiveUpRuns(std::chrono::steady_clock::time_point leaseEnd);
    void OnLeaseRenewed(std::chrono::steady_clock::time_point sent);

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IMessageBus& bus_;
    std::atomic<bool> isRunning_ = false;
    std::atomic<bool> isStopping_ = false;
    JobWaiters waiters_;

    ReplicaRegistry registry_;
    RunStore runStore_;
    ClaimStore claims_;
    PutOffStore putOff_;
    ActionStore actionStore_;
    RunTable runs_;
    OutputStore outputs_;
    OutputRetention retention_;
    OutputCopier copier_;
    CoreWatcher watcher_;
    ActionWorker actionWorker_;
    CrashRecords crashRecords_;
    LostRuns lostRuns_;
    LeaseGuard leaseGuard_;
    ClaimAhead ahead_;
    EndReader endReader_;
    Runner runner_;
    Dispatcher dispatcher_;
    Rescue rescue_;
    History history_;
    Drain drain_;
    Pulse pulse_;
  };
}
