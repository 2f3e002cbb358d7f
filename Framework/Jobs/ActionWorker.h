// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Jobs/ActionStore.h"
#include "Framework/Jobs/CoreWatcher.h"
#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/RunTable.h"

#include <deque>
#include <map>
#include <mutex>

namespace OrthancRegistry
{
  // Carries out at the own core what clients have asked of the jobs of this replica, and answers. Never
  // inside a transaction: the core is called first, then the mirror looks at the jobs, then the answers are
  // written. Thread-safe.
  class ActionWorker
  {
  public:
    ActionWorker(ActionStore& store, RunTable& runs, CoreWatcher& watcher, ICoreClient& core,
                 std::function<void()> onSlotFreed);

    void Start();
    void Stop();
    void Wake(); // something has been requested

    // A job that the registry has deleted is deleted from the core as well, if it is still there. Quick.
    void Forget(const std::string& coreJobId);

  private:
    std::chrono::milliseconds Work();
    void ForgetJobs();
    void WriteAnswers();
    void CarryOut(const RequestedAction& request);
    void CarryOutRun(const RequestedAction& request);
    void GiveUpRun(const RequestedAction& request, const Run& run);
    bool IsWorthWaiting(const RequestedAction& request, const Run& run);
    void Act(const RequestedAction& request, const std::string& coreJobId);

    ActionStore& store_;
    RunTable& runs_;
    CoreWatcher& watcher_;
    ICoreClient& core_;
    std::function<void()> onSlotFreed_;

    std::mutex mutex_;
    std::deque<std::string> forgotten_; // ids of the core

    // Used by the thread only
    std::vector<ActionReply> replies_;   // not written yet: an action is never carried out twice
    std::vector<std::string> postponed_; // ids of jobs whose runs are between two states
    std::map<std::string, std::chrono::steady_clock::time_point> pauses_; // of these, asked for since when

    BackgroundTask task_;
  };
}
