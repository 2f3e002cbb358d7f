// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobsService.h"

#include "Framework/Common/Logging.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/ActionWorker.h"
#include "Framework/Jobs/ClaimRank.h"
#include "Framework/Jobs/CoreWatcher.h"
#include "Framework/Jobs/Dispatcher.h"
#include "Framework/Jobs/Drain.h"
#include "Framework/Jobs/History.h"
#include "Framework/Jobs/JobStore.h"
#include "Framework/Jobs/LostRuns.h"
#include "Framework/Jobs/Rescue.h"
#include "Framework/Jobs/Runner.h"
#include "Framework/Jobs/SavedJobs.h"
#include "Framework/Replicas/Pulse.h"

#include <algorithm>
#include <iterator>

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
  }

  class JobsService::Implementation
  {
  public:
    Implementation(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                   IDatabase& database, IMessageBus& bus, ICoreClient& core);
    ~Implementation();

    void Start();
    void Stop();
    CoreJob RunLocally(const std::string& uri, const std::string& body);
    std::optional<Job> Get(const std::string& id);
    ActionAnswer Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected);
    ActionAnswer Delete(const std::string& id, const ExpectedRevisions& expected);

    JobReader& GetReader()
    {
      return reader_;
    }

    JobWaiters& GetWaiters()
    {
      return waiters_;
    }

    ClusterStatistics& GetStatistics()
    {
      return statistics_;
    }

    JobStore& GetStore()
    {
      return store_;
    }

    RunStore& GetRunStore()
    {
      return runStore_;
    }

    CoreWatcher& GetWatcher()
    {
      return watcher_;
    }

    const ReplicaIdentity& GetIdentity() const
    {
      return identity_;
    }

    // Jobs that the own core has started by itself are in the database when this returns.
    void Refresh()
    {
      watcher_.Refresh(REFRESH_PATIENCE);
    }

  private:
    void OnMessage(std::string_view message);
    std::optional<Job> AskOthers(const std::string& id);
    void GiveUpRuns(std::chrono::steady_clock::time_point leaseEnd);
    void OnLeaseRenewed(std::chrono::steady_clock::time_point sent);

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IMessageBus& bus_;
    ICoreClient& core_;
    std::atomic<bool> isRunning_ = false;
    std::atomic<bool> isStopping_ = false;
    JobWaiters waiters_;

    ReplicaRegistry registry_;
    JobStore store_;
    JobReader reader_;
    ClusterStatistics statistics_;
    RunStore runStore_;
    ClaimStore claims_;
    PutOffStore putOff_;
    JobControl control_;
    ActionStore actionStore_;
    RunTable runs_;
    CoreWatcher watcher_;
    ActionWorker actionWorker_;
    CrashRecords crashRecords_;
    LostRuns lostRuns_;
    LeaseGuard leaseGuard_;
    Runner runner_;
    Dispatcher dispatcher_;
    Rescue rescue_;
    Drain drain_;
    History history_;
    Pulse pulse_;
  };

  JobsService::Implementation::Implementation(const JobsConfiguration& configuration,
                                              const ReplicaIdentity& identity, IDatabase& database,
                                              IMessageBus& bus, ICoreClient& core)
      : configuration_(configuration), identity_(identity), bus_(bus), core_(core),
        waiters_(configuration.maximumWaiters), registry_(configuration, identity, database),
        store_(database, bus, configuration), reader_(database), statistics_(configuration, database),
        runStore_(identity, database, bus, registry_, configuration),
        claims_(configuration, identity, database, bus), putOff_(database, bus),
        control_(configuration, database, bus, waiters_), actionStore_(identity, database, bus),
        watcher_(runs_, runStore_, core,
                 [this]
                 {
                   dispatcher_.Wake();
                 }),
        actionWorker_(actionStore_, runs_, watcher_, core,
                      [this]
                      {
                        dispatcher_.Wake();
                      }),
        crashRecords_(identity, database), lostRuns_(runs_, runStore_, crashRecords_, core),
        leaseGuard_(GetLease(configuration),
                    [this](std::chrono::steady_clock::time_point leaseEnd)
                    {
                      GiveUpRuns(leaseEnd);
                    }),
        runner_(std::clamp<size_t>(configuration.concurrentJobs, 1, MAXIMUM_SUBMISSION_THREADS), runs_, core,
                [this]
                {
                  watcher_.Wake();
                }),
        dispatcher_(
            configuration.concurrentJobs, runs_, runStore_, claims_, putOff_,
            [this]
            {
              return watcher_.CountRunningLocalJobs();
            },
            [this]
            {
              return leaseGuard_.IsHeld() && lostRuns_.Recover();
            },
            [this](const ClaimedJob& job)
            {
              runner_.Push(job);
            }),
        rescue_(configuration, identity, database, bus), drain_(registry_, runs_, runStore_, core),
        history_(configuration, database), pulse_(configuration, registry_,
                                                  {[this]
                                                   {
                                                     return static_cast<unsigned int>(runs_.CountBusy());
                                                   },
                                                   [this]
                                                   {
                                                     dispatcher_.Wake();
                                                   },
                                                   [this](std::chrono::microseconds untilDue)
                                                   {
                                                     dispatcher_.SetNextDue(untilDue);
                                                   },
                                                   [this]
                                                   {
                                                     rescue_.Wake();
                                                   },
                                                   [this]
                                                   {
                                                     GiveUpRuns(std::chrono::steady_clock::now());
                                                     watcher_.Forget();
                                                   },
                                                   [this](std::chrono::steady_clock::time_point sent)
                                                   {
                                                     OnLeaseRenewed(sent);
                                                   },
                                                   [this]
                                                   {
                                                     actionWorker_.Wake();
                                                   }})
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

  JobsService::Implementation::~Implementation()
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
    watcher_.Abort();
  }

  void JobsService::Implementation::Start()
  {
    if (isRunning_.exchange(true))
    {
      return;
    }
    waiters_.SetClosed(false);
    watcher_.Start();
    Refresh(); // what the core runs already takes slots
    runner_.Start();
    dispatcher_.Start();
    rescue_.Start();
    actionWorker_.Start();
    history_.Start();
  }

  void JobsService::Implementation::Stop()
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
    watcher_.Stop();
    pulse_.Stop();
    leaseGuard_.Stop();
    bus_.Stop();
    drain_.Leave();
    isRunning_ = false;
    isStopping_ = false;
  }

  void JobsService::Implementation::GiveUpRuns(std::chrono::steady_clock::time_point leaseEnd)
  {
    lostRuns_.GiveUp(leaseEnd - GetLease(configuration_) / MARGINS_PER_LEASE);
    dispatcher_.Wake();
  }

  void JobsService::Implementation::OnLeaseRenewed(std::chrono::steady_clock::time_point sent)
  {
    if (leaseGuard_.Renew(sent))
    {
      dispatcher_.Wake();
    }
  }

  void JobsService::Implementation::OnMessage(std::string_view message)
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

  CoreJob JobsService::Implementation::RunLocally(const std::string& uri, const std::string& body)
  {
    const std::string id = core_.SubmitJob(uri, body);
    watcher_.Refresh(REFRESH_PATIENCE);
    return watcher_.WaitForEnd(id);
  }

  std::optional<Job> JobsService::Implementation::Get(const std::string& id)
  {
    auto job = reader_.Get(id);
    if (job || !IsUuid(id) || !isRunning_)
    {
      return job;
    }
    Refresh();
    job = reader_.Get(id);
    return job ? job : AskOthers(id);
  }

  std::optional<Job> JobsService::Implementation::AskOthers(const std::string& id)
  {
    const auto deadline =
        JobWaiters::Clock::now() + std::chrono::milliseconds(configuration_.lookupMilliseconds);
    const auto waiter = waiters_.Add(id);
    store_.Announce(std::string(MESSAGE_FIND) + id);
    for (bool isLast = false;;)
    {
      if (auto job = reader_.Get(id); job || isLast)
      {
        return job;
      }
      isLast = !waiter->Wait(deadline);
    }
  }

  ActionAnswer JobsService::Implementation::Apply(const std::string& id, JobAction action,
                                                  const ExpectedRevisions& expected)
  {
    const auto job = Get(id);
    if (!job)
    {
      return {ActionAnswer::Kind::Unknown, ErrorCode::Success, "", ""};
    }
    if (isRunning_ && job->origin == JobOrigin::Local && job->owner == identity_.incarnation)
    {
      Refresh(); // so that the own core's state of this moment decides
    }
    return control_.Apply(job->id, action, expected);
  }

  ActionAnswer JobsService::Implementation::Delete(const std::string& id, const ExpectedRevisions& expected)
  {
    const auto job = Get(id);
    return job ? control_.Delete(job->id, expected)
               : ActionAnswer{ActionAnswer::Kind::Unknown, ErrorCode::Success, "", ""};
  }

  JobsService::JobsService(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                           IDatabase& database, IMessageBus& bus, ICoreClient& core)
      : implementation_(std::make_unique<Implementation>(configuration, identity, database, bus, core))
  {
  }

  JobsService::~JobsService() = default;

  void JobsService::Start()
  {
    implementation_->Start();
  }

  void JobsService::Stop()
  {
    implementation_->Stop();
  }

  void JobsService::OnCoreJobEvent(CoreJobEvent event, const std::string& coreJobId)
  {
    if (event != CoreJobEvent::Submitted)
    {
      implementation_->GetWatcher().SetOutcome(coreJobId, event == CoreJobEvent::Success ? JobState::Success
                                                                                         : JobState::Failure);
    }
    implementation_->GetWatcher().Wake();
  }

  std::string JobsService::Submit(const NewJob& job)
  {
    return implementation_->GetStore().Submit(job);
  }

  std::optional<std::string> JobsService::FindByKey(const std::string& key, const std::string& uri)
  {
    return implementation_->GetStore().FindByKey(key, uri);
  }

  CoreJob JobsService::RunLocally(const std::string& uri, const std::string& body)
  {
    return implementation_->RunLocally(uri, body);
  }

  std::vector<std::string> JobsService::GetIds()
  {
    return GetReader().GetIds();
  }

  std::vector<Job> JobsService::GetAll()
  {
    JobCursor cursor(GetReader(), JobQuery());
    std::vector<Job> jobs;
    for (auto piece = cursor.Next(); !piece.empty(); piece = cursor.Next())
    {
      std::move(piece.begin(), piece.end(), std::back_inserter(jobs));
    }
    return jobs;
  }

  JobReader& JobsService::GetReader()
  {
    implementation_->Refresh();
    return implementation_->GetReader();
  }

  ClusterStatistics& JobsService::GetStatistics()
  {
    return implementation_->GetStatistics();
  }

  WaitResult JobsService::WaitForChange(const std::string& id, std::optional<int64_t> revision,
                                        std::chrono::seconds patience)
  {
    return OrthancRegistry::WaitForChange(
        implementation_->GetWaiters(),
        [this](const std::string& wanted)
        {
          return implementation_->Get(wanted);
        },
        id, revision, patience);
  }

  void JobsService::SendWaitersAway()
  {
    implementation_->GetWaiters().SetClosed(true);
  }

  bool JobsService::IsStopping() const
  {
    return implementation_->GetWaiters().IsClosed();
  }

  std::optional<Job> JobsService::Get(const std::string& id)
  {
    return implementation_->Get(id);
  }

  ActionAnswer JobsService::Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected)
  {
    return implementation_->Apply(id, action, expected);
  }

  ActionAnswer JobsService::Delete(const std::string& id, const ExpectedRevisions& expected)
  {
    return implementation_->Delete(id, expected);
  }

  std::string JobsService::FilterSavedJobs(const std::string& registry)
  {
    return FilterSavedRegistry(registry, implementation_->GetRunStore());
  }

  bool JobsService::IsOwn(const Job& job) const
  {
    return job.owner == implementation_->GetIdentity().incarnation;
  }
}
