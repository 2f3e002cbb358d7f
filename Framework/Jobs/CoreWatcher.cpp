// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/CoreWatcher.h"

#include "Framework/Common/Logging.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds ACTIVE_INTERVAL{50};
    constexpr std::chrono::milliseconds IDLE_INTERVAL{1000};

    // How many turns a job may be missing before it counts as lost: the event about its end may still come.
    constexpr unsigned int PATIENCE_TURNS = 10;
    constexpr size_t MAXIMUM_OUTCOMES = 1000;

    // The run time changes at each look, and is written together with the rest.
    bool IsSame(const CoreJob& a, const CoreJob& b)
    {
      return a.state == b.state && a.progress == b.progress && a.priority == b.priority && a.type == b.type &&
             a.errorCode == b.errorCode && a.errorDetails == b.errorDetails && a.content == b.content &&
             a.errorPayload == b.errorPayload && a.userData == b.userData;
    }

    CoreJob MakeFailure(const Refusal& refusal)
    {
      CoreJob job;
      job.state = JobState::Failure;
      job.errorCode = static_cast<int>(refusal.code);
      job.errorDetails = refusal.message;
      return job;
    }

    // The core lets a new job wait for up to 200 ms; the shared one runs since it has been claimed.
    JobState ToSharedState(JobState core)
    {
      return core == JobState::Pending || core == JobState::Retry ? JobState::Running : core;
    }
  }

  CoreWatcher::CoreWatcher(RunTable& runs, RunStore& store, ICoreClient& core,
                           std::function<void()> onSlotFreed)
      : runs_(runs), store_(store), core_(core), onSlotFreed_(std::move(onSlotFreed)),
        task_("Following the jobs of the core",
              [this]
              {
                return Look();
              })
  {
  }

  void CoreWatcher::SetLeaseHandlers(std::function<void()> checkLease,
                                     std::function<void(const ClaimedJob&)> onLost)
  {
    checkLease_ = std::move(checkLease);
    onLost_ = std::move(onLost);
  }

  void CoreWatcher::Start()
  {
    isRunning_ = true;
    waiters_.SetClosed(false);
    task_.Start();
  }

  void CoreWatcher::Stop()
  {
    task_.Stop();
    if (isRunning_)
    {
      try
      {
        Look();
      }
      catch (const std::exception& error)
      {
        LogWarning(std::string("The last state of the jobs cannot be written: ") + error.what());
      }
    }
    Abort();
  }

  void CoreWatcher::Abort()
  {
    task_.Stop();
    isRunning_ = false;
    waiters_.SetClosed(true);
  }

  void CoreWatcher::Wake()
  {
    task_.Wake();
  }

  void CoreWatcher::AnswerSearch()
  {
    isSomebodyAsking_ = true;
    task_.Wake();
  }

  void CoreWatcher::Refresh(std::chrono::milliseconds patience)
  {
    task_.RunNow(patience);
  }

  void CoreWatcher::SetOutcome(const std::string& coreJobId, JobState outcome)
  {
    const std::lock_guard lock(outcomesMutex_);
    if (outcomes_.size() >= MAXIMUM_OUTCOMES)
    {
      outcomes_.clear();
    }
    outcomes_[coreJobId] = outcome;
  }

  void CoreWatcher::Forget()
  {
    isForgetting_ = true;
    task_.Wake();
  }

  CoreJob CoreWatcher::WaitForEnd(const std::string& coreJobId)
  {
    return waiters_.Wait(coreJobId,
                         [this]
                         {
                           task_.Wake();
                         });
  }

  size_t CoreWatcher::CountRunningLocalJobs() const
  {
    return runningLocalJobs_;
  }

  std::chrono::milliseconds CoreWatcher::Look()
  {
    LoadLocalJobs();
    CoreUpdates updates;
    updates.isSomebodyAsking = isSomebodyAsking_.exchange(false);

    // First the runs, then the listing: a run that is not listed is not there any more.
    const std::vector<Run> runs = runs_.GetAll();
    Listing listing;
    std::set<std::string> ids;
    for (CoreJob& job : core_.GetJobs())
    {
      ids.insert(job.id);
      listing.emplace(job.id, std::move(job));
    }
    CollectRuns(runs, listing, updates);
    CollectLocalJobs(listing, updates);
    CollectForgottenLocalJobs(listing, updates);
    DropUnwritable(updates);
    if (!updates.IsEmpty())
    {
      Write(updates);
    }
    PruneWrittenRuns();
    for (const std::string& orphan : runs_.TakeOrphans())
    {
      Cancel(orphan);
    }
    runs_.Prune(ids);
    std::erase_if(knownLocalJobs_,
                  [&](const std::string& id)
                  {
                    return !ids.contains(id) && !writtenLocalJobs_.contains(id);
                  });
    Deliver(listing);

    const bool isLocalJobActive =
        std::any_of(writtenLocalJobs_.begin(), writtenLocalJobs_.end(),
                    [](const auto& entry)
                    {
                      return !IsEnded(entry.second.state) && entry.second.state != JobState::Paused;
                    });
    const bool isActive = runs_.CountBusy() > 0 || isLocalJobActive || !waiters_.IsEmpty();
    return isActive ? ACTIVE_INTERVAL : IDLE_INTERVAL;
  }

  void CoreWatcher::LoadLocalJobs()
  {
    if (!isForgetting_.exchange(false))
    {
      return;
    }
    try
    {
      writtenRuns_.clear();
      writtenLocalJobs_.clear();
      for (CoreJob& job : store_.GetUnfinishedLocalJobs())
      {
        knownLocalJobs_.insert(job.id);
        writtenLocalJobs_[job.id] = job;
      }
    }
    catch (...)
    {
      isForgetting_ = true;
      throw;
    }
  }

  void CoreWatcher::CollectRuns(const std::vector<Run>& runs, const Listing& listing, CoreUpdates& updates)
  {
    for (const Run& run : runs)
    {
      if (run.refusal)
      {
        updates.runs.push_back({run.job, MakeFailure(*run.refusal), false});
        continue;
      }
      auto core = run.localId.empty() ? std::nullopt : ReadRun(run, listing);
      if (!core)
      {
        continue;
      }
      core->state = ToSharedState(core->state);
      const auto written = writtenRuns_.find(run.localId);
      if (written == writtenRuns_.end() || !IsSame(written->second, *core))
      {
        updates.runs.push_back({run.job, std::move(*core), written == writtenRuns_.end()});
      }
    }
  }

  std::optional<CoreJob> CoreWatcher::ReadRun(const Run& run, const Listing& listing)
  {
    const auto listed = listing.find(run.localId);
    if (listed != listing.end())
    {
      missing_.erase(run.localId);
      return listed->second;
    }
    if (auto job = core_.GetJob(run.localId))
    {
      return job;
    }
    const auto written = writtenRuns_.find(run.localId);
    CoreJob last;
    last.id = run.localId;
    last.type = run.job.type;
    return ReadForgotten(written == writtenRuns_.end() ? last : written->second);
  }

  std::optional<CoreJob> CoreWatcher::ReadForgotten(const CoreJob& last)
  {
    CoreJob job = last;
    job.state = JobState::Failure;
    job.errorCode = static_cast<int>(ErrorCode::InternalError);
    {
      const std::lock_guard lock(outcomesMutex_);
      const auto outcome = outcomes_.find(last.id);
      if (outcome == outcomes_.end())
      {
        job.errorDetails = "Lost by the core: it does not know the job any more, nor has it told its end";
      }
      else if (outcome->second == JobState::Success)
      {
        job.state = JobState::Success;
        job.progress = 100;
        job.errorCode = 0;
      }
      else
      {
        job.errorDetails = "Failed, and forgotten by the core at once: increase the option JobsHistorySize";
      }
      if (outcome != outcomes_.end())
      {
        outcomes_.erase(outcome);
        return job;
      }
    }
    if (++missing_[last.id] < PATIENCE_TURNS)
    {
      return std::nullopt;
    }
    missing_.erase(last.id);
    return job;
  }

  void CoreWatcher::CollectLocalJobs(const Listing& listing, CoreUpdates& updates)
  {
    size_t running = 0;
    for (const auto& [id, job] : listing)
    {
      const auto written = writtenLocalJobs_.find(id);
      const bool isKnown = written != writtenLocalJobs_.end();
      if (!isKnown && runs_.MayBeRun(id, job.type))
      {
        continue;
      }
      running += job.state == JobState::Running ? 1 : 0;
      if (!isKnown || !IsSame(written->second, job))
      {
        updates.localJobs.push_back(job);
        if (knownLocalJobs_.contains(id))
        {
          updates.known.insert(id);
        }
      }
    }
    if (runningLocalJobs_.exchange(running) > running)
    {
      onSlotFreed_();
    }
  }

  void CoreWatcher::CollectForgottenLocalJobs(const Listing& listing, CoreUpdates& updates)
  {
    for (auto written = writtenLocalJobs_.begin(); written != writtenLocalJobs_.end();)
    {
      const auto& [id, last] = *written;
      if (listing.contains(id))
      {
        missing_.erase(id);
      }
      else if (IsEnded(last.state))
      {
        written = writtenLocalJobs_.erase(written);
        continue;
      }
      else if (!core_.GetJob(id))
      {
        if (auto job = ReadForgotten(last))
        {
          updates.known.insert(id);
          updates.localJobs.push_back(std::move(*job));
        }
      }
      ++written;
    }
  }

  void CoreWatcher::Write(const CoreUpdates& updates)
  {
    const std::vector<std::string> stale = store_.Write(updates);
    bool isSlotFreed = false;
    for (const RunUpdate& update : updates.runs)
    {
      const bool isStale = std::find(stale.begin(), stale.end(), update.job.id) != stale.end();
      if (isStale)
      {
        DropStale(update.job, update.core.id);
      }
      if (isStale || IsEnded(update.core.state))
      {
        writtenRuns_.erase(update.core.id);
        runs_.Remove(update.job);
        isSlotFreed = true;
      }
      else
      {
        writtenRuns_[update.core.id] = update.core;
        isSlotFreed = runs_.SetPaused(update.job, update.core.state == JobState::Paused) || isSlotFreed;
      }
    }
    for (const CoreJob& job : updates.localJobs)
    {
      knownLocalJobs_.insert(job.id);
      writtenLocalJobs_[job.id] = job;
    }
    if (isSlotFreed)
    {
      onSlotFreed_();
    }
  }

  void CoreWatcher::DropUnwritable(CoreUpdates& updates)
  {
    if (!updates.runs.empty())
    {
      checkLease_();
    }
    std::erase_if(updates.runs,
                  [this](const RunUpdate& update)
                  {
                    return !runs_.MayWrite(update.job, update.core);
                  });
  }

  void CoreWatcher::PruneWrittenRuns()
  {
    std::set<std::string> followed;
    for (const Run& run : runs_.GetAll())
    {
      followed.insert(run.localId);
    }
    std::erase_if(writtenRuns_,
                  [&](const auto& entry)
                  {
                    return !followed.contains(entry.first);
                  });
  }

  void CoreWatcher::DropStale(const ClaimedJob& job, const std::string& coreJobId)
  {
    if (!runs_.Contains(job))
    {
      return; // given up meanwhile
    }
    LogWarning("Run " + std::to_string(job.attempt) + " of job " + job.id + " does not belong to replica " +
               store_.GetIdentity().serverIdentifier + " any more: what it tells is dropped");
    onLost_(job);
    if (!coreJobId.empty())
    {
      Cancel(coreJobId);
    }
  }

  void CoreWatcher::Cancel(const std::string& coreJobId)
  {
    try
    {
      core_.CancelJob(coreJobId);
    }
    catch (const std::exception& error)
    {
      LogWarning("Job " + coreJobId + " of the core cannot be cancelled: " + error.what());
    }
  }

  void CoreWatcher::Deliver(const Listing& listing)
  {
    std::optional<CoreJob> unlisted;
    waiters_.Deliver(
        [&](const std::string& id) -> const CoreJob*
        {
          const auto listed = listing.find(id);
          if (listed != listing.end())
          {
            return &listed->second;
          }
          unlisted = core_.GetJob(id); // submitted after the listing
          return unlisted ? &*unlisted : nullptr;
        });
  }
}
