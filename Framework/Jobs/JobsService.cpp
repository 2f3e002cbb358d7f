// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobsService.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/JobMessages.h"
#include "Framework/Jobs/JobsWorkers.h"
#include "Framework/Jobs/SavedJobs.h"

namespace OrthancRegistry
{
  JobsService::JobsService(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                           IDatabase& database, IMessageBus& bus, ICoreClient& core,
                           PulseQuestions& questions)
      : lookupPatience_(configuration.lookupMilliseconds), identity_(identity), database_(database),
        bus_(bus), core_(core), submissions_(configuration, database, bus), reader_(database),
        statistics_(configuration, database),
        workers_(std::make_unique<JobsWorkers>(configuration, identity, database, bus, core, questions)),
        control_(configuration, database, bus, workers_->GetWaiters())
  {
  }

  JobsService::~JobsService() = default;

  void JobsService::Start()
  {
    workers_->Start();
  }

  void JobsService::Stop()
  {
    workers_->Stop();
  }

  void JobsService::OnCoreJobEvent(CoreJobEvent event, const std::string& coreJobId)
  {
    if (event != CoreJobEvent::Submitted)
    {
      workers_->GetWatcher().SetOutcome(coreJobId, event == CoreJobEvent::Success ? JobState::Success
                                                                                  : JobState::Failure);
    }
    workers_->OnCoreJob(coreJobId);
  }

  SubmitStore& JobsService::GetSubmissions()
  {
    return submissions_;
  }

  JobReader& JobsService::GetReader()
  {
    workers_->Refresh();
    return reader_;
  }

  ClusterStatistics& JobsService::GetStatistics()
  {
    return statistics_;
  }

  OutputStore& JobsService::GetOutputs()
  {
    return workers_->GetOutputs();
  }

  const ReplicaIdentity& JobsService::GetIdentity() const
  {
    return identity_;
  }

  CoreJob JobsService::RunLocally(const std::string& uri, const std::string& body)
  {
    const std::string id = core_.SubmitJob(uri, body);
    workers_->Refresh();
    return workers_->GetWatcher().WaitForEnd(id);
  }

  std::optional<Job> JobsService::Get(const std::string& id)
  {
    auto job = reader_.Get(id);
    if (job || !IsUuid(id) || !workers_->IsRunning())
    {
      return job;
    }
    workers_->Refresh();
    job = reader_.Get(id);
    return job ? job : AskOthers(id);
  }

  std::optional<Job> JobsService::AskOthers(const std::string& id)
  {
    const auto deadline = JobWaiters::Clock::now() + lookupPatience_;
    const auto waiter = workers_->GetWaiters().Add(id);
    Announce(database_, bus_, std::string(MESSAGE_FIND) + id);
    for (bool isLast = false;;)
    {
      if (auto job = reader_.Get(id); job || isLast)
      {
        return job;
      }
      isLast = !waiter->Wait(deadline);
    }
  }

  WaitResult JobsService::WaitForChange(const std::string& id, std::optional<int64_t> revision,
                                        std::chrono::seconds patience)
  {
    return OrthancRegistry::WaitForChange(
        workers_->GetWaiters(),
        [this](const std::string& wanted)
        {
          return Get(wanted);
        },
        id, revision, patience);
  }

  void JobsService::SendWaitersAway()
  {
    workers_->GetWaiters().SetClosed(true);
  }

  bool JobsService::IsStopping() const
  {
    return workers_->GetWaiters().IsClosed();
  }

  ActionAnswer JobsService::Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected)
  {
    const auto job = Get(id);
    if (!job)
    {
      return {ActionAnswer::Kind::Unknown, ErrorCode::Success, "", ""};
    }
    if (workers_->IsRunning() && job->origin == JobOrigin::Local && IsOwn(*job))
    {
      workers_->Refresh(); // so that the own core's state of this moment decides
    }
    return control_.Apply(job->id, action, expected);
  }

  ActionAnswer JobsService::Delete(const std::string& id, const ExpectedRevisions& expected)
  {
    const auto job = Get(id);
    return job ? control_.Delete(job->id, expected)
               : ActionAnswer{ActionAnswer::Kind::Unknown, ErrorCode::Success, "", ""};
  }

  bool JobsService::DeleteOutput(const Job& job, const std::string& key)
  {
    const bool isDeleted = GetOutputs().Evict(job.id, key, "Deleted on request");
    workers_->GetRetention().Wake();
    return isDeleted;
  }

  std::string JobsService::FilterSavedJobs(const std::string& registry)
  {
    return FilterSavedRegistry(registry, workers_->GetRunStore());
  }

  bool JobsService::IsOwn(const Job& job) const
  {
    return job.owner == identity_.incarnation;
  }
}
