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
    constexpr std::chrono::milliseconds ENDS_INTERVAL{10};

    // At most one statement per second, whatever the number of jobs
    constexpr std::chrono::seconds PROGRESS_INTERVAL{2}; // rows and message
    constexpr std::chrono::seconds CONTENT_INTERVAL{3};  // contents as well

    bool IsContentNew(const ProgressUpdate& update)
    {
      return update.isContentNew;
    }
  }

  CoreWatcher::CoreWatcher(RunTable& runs, RunStore& store, ICoreClient& core, IOutputKeeper& outputs,
                           std::function<void()> onSlotFreed)
      : runs_(runs), store_(store), core_(core), outputs_(outputs), onSlotFreed_(std::move(onSlotFreed)),
        outcomes_(outputs), runMirror_(runs, core, outcomes_, onSlotFreed_),
        localJobs_(runs, store, core, outcomes_, onSlotFreed_), task_("Following the jobs of the core",
                                                                      [this]
                                                                      {
                                                                        return Turn();
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
    nextProgress_ = {};
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
    isLookWanted_ = true;
    task_.Wake();
  }

  void CoreWatcher::WakeSoon()
  {
    const auto soon = std::chrono::steady_clock::now() + ACTIVE_INTERVAL;
    if (nextLook_.load() > soon)
    {
      nextLook_ = soon;
      task_.WakeWithin(ACTIVE_INTERVAL);
    }
  }

  void CoreWatcher::WriteEnds(bool isHurried)
  {
    isHurried ? task_.Wake() : task_.WakeWithin(ENDS_INTERVAL);
  }

  void CoreWatcher::AnswerSearch()
  {
    isSomebodyAsking_ = true;
    Wake();
  }

  void CoreWatcher::Refresh(std::chrono::milliseconds patience)
  {
    isLookWanted_ = true;
    task_.RunNow(patience);
  }

  void CoreWatcher::SetOutcome(const std::string& coreJobId, JobState outcome)
  {
    outcomes_.Set(coreJobId, outcome);
  }

  void CoreWatcher::Forget()
  {
    isForgetting_ = true;
    Wake();
  }

  CoreJob CoreWatcher::WaitForEnd(const std::string& coreJobId)
  {
    return waiters_.Wait(coreJobId,
                         [this]
                         {
                           Wake();
                         });
  }

  bool CoreWatcher::IsAnybodyWaiting() const
  {
    return !waiters_.IsEmpty();
  }

  size_t CoreWatcher::CountRunningLocalJobs() const
  {
    return localJobs_.CountRunning();
  }

  std::chrono::milliseconds CoreWatcher::Turn()
  {
    if (IsLookDue())
    {
      isLookWanted_ = false;
      try
      {
        Look();
      }
      catch (...)
      {
        isLookWanted_ = true;
        throw;
      }
      const bool isActive = runs_.IsAnyActive() || localJobs_.IsAnyActive() || !waiters_.IsEmpty();
      nextLook_ = std::chrono::steady_clock::now() + (isActive ? ACTIVE_INTERVAL : IDLE_INTERVAL);
    }
    else
    {
      WriteKnownEnds();
    }
    const auto left = nextLook_.load() - std::chrono::steady_clock::now();
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(0));
  }

  bool CoreWatcher::IsLookDue() const
  {
    return isLookWanted_ || isForgetting_ || nextLook_.load() <= std::chrono::steady_clock::now();
  }

  // Without asking the core, whose listing costs more than all the rest
  void CoreWatcher::WriteKnownEnds()
  {
    CoreUpdates updates;
    runMirror_.Collect(runs_.GetAll(), nullptr, updates);
    WriteWritable(updates);
  }

  void CoreWatcher::WriteWritable(CoreUpdates& updates)
  {
    for (RunUpdate& update : updates.runs)
    {
      // Before its id was known
      update.isTakenForLocal = update.isFirst && localJobs_.IsWritten(update.core.id);
    }
    DropUnwritable(updates);
    if (!updates.IsEmpty())
    {
      Write(updates);
    }
  }

  void CoreWatcher::Look()
  {
    Reload();
    CoreUpdates updates;
    updates.isSomebodyAsking = isSomebodyAsking_.exchange(false);
    updates.isProgressDue = nextProgress_ <= std::chrono::steady_clock::now();

    // First the runs, then the listing: a run that is not listed is not there any more.
    const std::vector<Run> runs = runs_.GetAll();
    CoreListing listing;
    std::set<std::string> ids;
    for (CoreJob& job : core_.GetJobs())
    {
      ids.insert(job.id);
      listing.emplace(job.id, std::move(job));
    }
    runMirror_.Collect(runs, &listing, updates);
    localJobs_.Collect(listing, updates);
    WriteWritable(updates);
    runMirror_.Prune();
    for (const std::string& orphan : runs_.TakeOrphans())
    {
      Cancel(orphan);
    }
    runs_.Prune(ids);
    localJobs_.Prune(ids);
    outputs_.Prune(ids);
    Deliver(listing);
  }

  void CoreWatcher::Reload()
  {
    if (!isForgetting_.exchange(false))
    {
      return;
    }
    try
    {
      runMirror_.Forget();
      localJobs_.Load();
    }
    catch (...)
    {
      isForgetting_ = true;
      throw;
    }
  }

  void CoreWatcher::DropUnwritable(CoreUpdates& updates)
  {
    if (!updates.runs.empty() || !updates.progress.empty())
    {
      checkLease_();
    }
    std::erase_if(updates.runs,
                  [this](const RunUpdate& update)
                  {
                    return !runs_.MayWrite(update.job, update.core);
                  });
    std::erase_if(updates.progress,
                  [this](const ProgressUpdate& update)
                  {
                    return !update.IsLocal() && !runs_.MayWrite(update.job, update.core);
                  });
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
      isSlotFreed = runMirror_.Settle(update, isStale) || isSlotFreed;
    }
    for (const CoreJob& job : updates.localJobs)
    {
      localJobs_.SetWritten(job);
    }
    isSlotFreed = SettleProgress(updates.progress, stale) || isSlotFreed;
    if (isSlotFreed)
    {
      onSlotFreed_();
    }
  }

  // True if a slot has become free.
  bool CoreWatcher::SettleProgress(const std::vector<ProgressUpdate>& updates,
                                   const std::vector<std::string>& stale)
  {
    bool isSlotFreed = false;
    for (const ProgressUpdate& update : updates)
    {
      if (update.IsLocal())
      {
        localJobs_.SetWritten(update.core);
        continue;
      }
      const bool isStale = std::find(stale.begin(), stale.end(), update.job.id) != stale.end();
      if (isStale)
      {
        DropStale(update.job, update.core.id);
      }
      isSlotFreed = runMirror_.Settle({update.job, update.core}, isStale) || isSlotFreed;
    }
    if (!updates.empty())
    {
      nextProgress_ = std::chrono::steady_clock::now() +
                      (std::ranges::any_of(updates, IsContentNew) ? CONTENT_INTERVAL : PROGRESS_INTERVAL);
    }
    return isSlotFreed;
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

  void CoreWatcher::Deliver(const CoreListing& listing)
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
