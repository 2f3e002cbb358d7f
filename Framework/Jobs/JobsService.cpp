// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobsService.h"

#include "Framework/Common/Logging.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/CoreWatcher.h"
#include "Framework/Jobs/Dispatcher.h"
#include "Framework/Jobs/JobStore.h"
#include "Framework/Jobs/OutputCopier.h"
#include "Framework/Jobs/OutputRetention.h"
#include "Framework/Jobs/Rescue.h"
#include "Framework/Jobs/Runner.h"
#include "Framework/Jobs/SavedJobs.h"
#include "Framework/Replicas/Pulse.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_SUBMISSION_THREADS = 8;
    constexpr std::chrono::milliseconds REFRESH_PATIENCE{1000};

    // How often something has been announced, to be waited for.
    class ChangeSignal
    {
    public:
      uint64_t GetCount() const
      {
        const std::lock_guard lock(mutex_);
        return count_;
      }

      void Raise()
      {
        {
          const std::lock_guard lock(mutex_);
          count_++;
        }
        raised_.notify_all();
      }

      bool WaitBeyond(uint64_t count, std::chrono::steady_clock::time_point deadline) const
      {
        std::unique_lock lock(mutex_);
        return raised_.wait_until(lock, deadline,
                                  [&]
                                  {
                                    return count_ > count;
                                  });
      }

    private:
      mutable std::mutex mutex_;
      mutable std::condition_variable raised_;
      uint64_t count_ = 0;
    };
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

    OutputStore& GetOutputs()
    {
      return outputs_;
    }

    OutputRetention& GetRetention()
    {
      return retention_;
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
    void HandBack();

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IMessageBus& bus_;
    ICoreClient& core_;
    std::atomic<bool> isRunning_ = false;
    ChangeSignal changes_;

    ReplicaRegistry registry_;
    JobStore store_;
    RunStore runStore_;
    RunTable runs_;
    OutputStore outputs_;
    OutputRetention retention_;
    OutputCopier copier_;
    CoreWatcher watcher_;
    Runner runner_;
    Dispatcher dispatcher_;
    Rescue rescue_;
    Pulse pulse_;
  };

  JobsService::Implementation::Implementation(const JobsConfiguration& configuration,
                                              const ReplicaIdentity& identity, IDatabase& database,
                                              IMessageBus& bus, ICoreClient& core)
      : configuration_(configuration), identity_(identity), bus_(bus), core_(core),
        registry_(configuration, identity, database), store_(database, bus),
        runStore_(identity, database, bus, registry_), outputs_(configuration, identity, database, bus),
        retention_(configuration, database), copier_(configuration, outputs_, core,
                                                     [this]
                                                     {
                                                       watcher_.Wake();
                                                       retention_.Wake();
                                                     }),
        watcher_(runs_, runStore_, core, copier_,
                 [this]
                 {
                   dispatcher_.Wake();
                 }),
        runner_(std::clamp<size_t>(configuration.concurrentJobs, 1, MAXIMUM_SUBMISSION_THREADS), runs_, core,
                [this]
                {
                  watcher_.Wake();
                }),
        dispatcher_(
            configuration.concurrentJobs, runs_, runStore_,
            [this]
            {
              return watcher_.CountRunningLocalJobs();
            },
            [this](const ClaimedJob& job)
            {
              runner_.Push(job);
            }),
        rescue_(configuration, identity, database, bus),
        pulse_(configuration, registry_,
               {[this]
                {
                  return static_cast<unsigned int>(runs_.GetCount());
                },
                [this]
                {
                  dispatcher_.Wake();
                },
                [this]
                {
                  rescue_.Wake();
                },
                [this]
                {
                  watcher_.Forget();
                }})
  {
    registry_.Register();
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
    pulse_.Stop();
    bus_.Stop();
    rescue_.Stop();
    dispatcher_.Stop();
    runner_.Stop();
    copier_.Stop();
    watcher_.Abort();
    retention_.Stop();
  }

  void JobsService::Implementation::Start()
  {
    if (isRunning_.exchange(true))
    {
      return;
    }
    copier_.Start();
    retention_.Start();
    watcher_.Start();
    Refresh(); // what the core runs already takes slots
    runner_.Start();
    dispatcher_.Start();
    rescue_.Start();
  }

  void JobsService::Implementation::Stop()
  {
    if (!isRunning_.exchange(false))
    {
      return;
    }
    dispatcher_.Stop();
    rescue_.Stop();
    runner_.Stop();
    copier_.Stop();
    watcher_.Stop();
    retention_.Stop();
    pulse_.Stop();
    bus_.Stop();
    try
    {
      HandBack();
      registry_.Leave();
    }
    catch (const std::exception& error)
    {
      LogError(
          std::string("The jobs of this replica cannot be handed back, others will take them over when its"
                      " lease runs out: ") +
          error.what());
    }
  }

  void JobsService::Implementation::HandBack()
  {
    for (const Run& run : runs_.GetAll())
    {
      try
      {
        if (!run.localId.empty())
        {
          core_.CancelJob(run.localId);
        }
      }
      catch (const std::exception& error)
      {
        LogWarning("Job " + run.job.id + " cannot be cancelled at the core: " + error.what());
      }
      runs_.Remove(run.job);
    }
    runStore_.Release({});
  }

  void JobsService::Implementation::OnMessage(std::string_view message)
  {
    if (message.empty() || message == MESSAGE_JOBS)
    {
      dispatcher_.Wake();
    }
    if (message.empty() || message == MESSAGE_CHANGED)
    {
      changes_.Raise();
    }
    if (message.starts_with(MESSAGE_FIND))
    {
      watcher_.AnswerSearch();
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
    auto job = store_.Get(id);
    if (job || !IsUuid(id) || !isRunning_)
    {
      return job;
    }
    Refresh();
    job = store_.Get(id);
    return job ? job : AskOthers(id);
  }

  std::optional<Job> JobsService::Implementation::AskOthers(const std::string& id)
  {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(configuration_.lookupMilliseconds);
    uint64_t seen = changes_.GetCount();
    store_.Announce(std::string(MESSAGE_FIND) + id);
    for (bool isLast = false;;)
    {
      if (auto job = store_.Get(id); job || isLast)
      {
        return job;
      }
      isLast = !changes_.WaitBeyond(seen, deadline);
      seen = changes_.GetCount();
    }
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

  CoreJob JobsService::RunLocally(const std::string& uri, const std::string& body)
  {
    return implementation_->RunLocally(uri, body);
  }

  std::vector<std::string> JobsService::GetIds()
  {
    implementation_->Refresh();
    return implementation_->GetStore().GetIds();
  }

  std::vector<Job> JobsService::GetAll()
  {
    implementation_->Refresh();
    return implementation_->GetStore().GetAll();
  }

  std::optional<Job> JobsService::Get(const std::string& id)
  {
    return implementation_->Get(id);
  }

  OutputStore& JobsService::GetOutputs()
  {
    return implementation_->GetOutputs();
  }

  bool JobsService::DeleteOutput(const Job& job, const std::string& key)
  {
    const bool isDeleted = GetOutputs().Evict(job.id, key, "Deleted on request");
    implementation_->GetRetention().Wake();
    return isDeleted;
  }

  const ReplicaIdentity& JobsService::GetIdentity() const
  {
    return implementation_->GetIdentity();
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
