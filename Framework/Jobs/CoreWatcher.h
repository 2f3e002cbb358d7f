// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Jobs/CoreOutcomes.h"
#include "Framework/Jobs/CoreWaiters.h"
#include "Framework/Jobs/LocalJobMirror.h"
#include "Framework/Jobs/RunMirror.h"

#include <atomic>
#include <functional>

namespace OrthancRegistry
{
  // Follows what the core does, and writes it down: the runs of queued jobs, and the jobs that the core has
  // started by itself. One listing of the core per turn, and one transaction if something has changed.
  // Thread-safe.
  class CoreWatcher
  {
  public:
    // "onSlotFreed" is called when a job of this core has ended.
    CoreWatcher(RunTable& runs, RunStore& store, ICoreClient& core, IOutputKeeper& outputs,
                std::function<void()> onSlotFreed);

    // To be set before Start(). "checkLease" is called before anything about runs is written; "onLost" when
    // another replica has taken over a run.
    void SetLeaseHandlers(std::function<void()> checkLease, std::function<void(const ClaimedJob&)> onLost);

    void Start();

    // Looks once more before it returns, if it was running.
    void Stop();

    // Like Stop(), without a last look
    void Abort();

    void Wake();

    // Looks in a moment: what can be written later than at once, and by then perhaps with more.
    void WakeSoon();

    // Writes the ends that are in the table of the runs. Without "isHurried", in a moment.
    void WriteEnds(bool isHurried);

    // Somebody in the cluster looks for a job: looks at once, and announces what is new.
    void AnswerSearch();

    // Returns once all jobs that the core lists now have been written, or when the time is over.
    void Refresh(std::chrono::milliseconds patience);

    // The core has told the end of a job; kept in case that it forgets the job before that has been seen.
    void SetOutcome(const std::string& coreJobId, JobState outcome);

    // Writes everything once more, because others have changed the rows.
    void Forget();

    // Waits for the end of a job of the core, which has been written when this returns. A RegistryError if
    // the watcher stops, or if the core forgets the job.
    CoreJob WaitForEnd(const std::string& coreJobId);

    // For the end of a job that the core has started by itself
    bool IsAnybodyWaiting() const;

    // Running jobs that the core has started by itself
    size_t CountRunningLocalJobs() const;

  private:
    std::chrono::milliseconds Turn();
    bool IsLookDue() const;
    void Look();
    void WriteKnownEnds();
    void WriteWritable(CoreUpdates& updates);
    void Reload();
    void DropUnwritable(CoreUpdates& updates);
    void Write(const CoreUpdates& updates);
    bool SettleProgress(const std::vector<ProgressUpdate>& updates, const std::vector<std::string>& stale);
    void DropStale(const ClaimedJob& job, const std::string& coreJobId);
    void Cancel(const std::string& coreJobId);
    void Deliver(const CoreListing& listing);

    RunTable& runs_;
    RunStore& store_;
    ICoreClient& core_;
    IOutputKeeper& outputs_;
    std::function<void()> onSlotFreed_;
    std::function<void()> checkLease_;
    std::function<void(const ClaimedJob&)> onLost_;
    CoreWaiters waiters_;
    CoreOutcomes outcomes_;
    RunMirror runMirror_;
    LocalJobMirror localJobs_;

    std::atomic<bool> isRunning_ = false;
    std::atomic<bool> isSomebodyAsking_ = false;
    std::atomic<bool> isForgetting_ = true;
    std::atomic<bool> isLookWanted_ = true;
    std::atomic<std::chrono::steady_clock::time_point> nextLook_{};

    std::chrono::steady_clock::time_point nextProgress_; // used by one turn at a time

    BackgroundTask task_;
  };
}
