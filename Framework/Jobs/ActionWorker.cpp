// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ActionWorker.h"

#include "Framework/Common/Logging.h"
#include "Framework/Jobs/JobTransitions.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::hours WAIT_FOR_PULSE{1};
    constexpr std::chrono::milliseconds WAIT_FOR_RUN{20};
    constexpr std::chrono::milliseconds MIRROR_PATIENCE{1000};
    constexpr std::chrono::milliseconds SUBMISSION_PATIENCE{1000};
    constexpr size_t MAXIMUM_FORGOTTEN = 1000;
  }

  ActionWorker::ActionWorker(ActionStore& store, RunTable& runs, CoreWatcher& watcher, ICoreClient& core,
                             std::function<void()> onSlotFreed)
      : store_(store), runs_(runs), watcher_(watcher), core_(core), onSlotFreed_(std::move(onSlotFreed)),
        task_("Carrying out the actions on the jobs of this replica",
              [this]
              {
                return Work();
              })
  {
  }

  void ActionWorker::Start()
  {
    task_.Start();
  }

  void ActionWorker::Stop()
  {
    task_.Stop();
  }

  void ActionWorker::Wake()
  {
    task_.Wake();
  }

  void ActionWorker::Forget(const std::string& coreJobId)
  {
    {
      const std::lock_guard lock(mutex_);
      if (forgotten_.size() >= MAXIMUM_FORGOTTEN)
      {
        return; // the core forgets it some day by itself
      }
      forgotten_.push_back(coreJobId);
    }
    task_.Wake();
  }

  std::chrono::milliseconds ActionWorker::Work()
  {
    ForgetJobs();
    WriteAnswers(); // of a turn that has failed
    postponed_.clear();
    for (;;)
    {
      const auto requests = store_.GetRequested(postponed_);
      for (const RequestedAction& request : requests)
      {
        CarryOut(request);
      }
      if (!replies_.empty())
      {
        // Whoever gets its answer finds the new state in the registry
        watcher_.Refresh(MIRROR_PATIENCE);
        WriteAnswers();
      }
      if (requests.size() < ActionStore::MAXIMUM_BATCH)
      {
        break;
      }
    }
    std::erase_if(pauses_,
                  [this](const auto& entry)
                  {
                    return std::find(postponed_.begin(), postponed_.end(), entry.first) == postponed_.end();
                  });
    return postponed_.empty() ? std::chrono::milliseconds(WAIT_FOR_PULSE) : WAIT_FOR_RUN;
  }

  void ActionWorker::ForgetJobs()
  {
    std::deque<std::string> ids;
    {
      const std::lock_guard lock(mutex_);
      ids.swap(forgotten_);
    }
    for (const std::string& id : ids)
    {
      try
      {
        core_.DeleteJob(id);
      }
      catch (const std::exception& error)
      {
        LogInfo("Deleted job " + id + " stays in the history of the core: " + error.what());
      }
    }
  }

  void ActionWorker::WriteAnswers()
  {
    if (!replies_.empty())
    {
      store_.Answer(replies_);
      replies_.clear();
    }
  }

  void ActionWorker::CarryOut(const RequestedAction& request)
  {
    if (!ParseJobAction(GetName(request.action))) // of a newer plugin
    {
      replies_.push_back({request.jobId, request.requestedRevision, ErrorCode::NotImplemented});
    }
    else if (request.origin == JobOrigin::Local)
    {
      Act(request, request.jobId);
    }
    else
    {
      CarryOutRun(request);
    }
  }

  void ActionWorker::CarryOutRun(const RequestedAction& request)
  {
    const std::vector<Run> runs = runs_.GetAll();
    const auto run =
        std::find_if(runs.begin(), runs.end(),
                     [&](const Run& candidate)
                     {
                       return candidate.job.id == request.jobId && candidate.job.fence == request.fence;
                     });
    if (run == runs.end() || run->refusal || run->end)
    {
      postponed_.push_back(request.jobId); // just claimed, or about to end
    }
    else if (run->localId.empty())
    {
      GiveUpRun(request, *run);
    }
    else
    {
      Act(request, run->localId);
    }
  }

  void ActionWorker::GiveUpRun(const RequestedAction& request, const Run& run)
  {
    const bool isPossible = request.action == JobAction::Cancel ||
                            (request.action == JobAction::Pause && !IsWorthWaiting(request, run));
    if (isPossible && store_.GiveUpRun(request))
    {
      runs_.Abandon(run.job);
      onSlotFreed_();
      watcher_.Wake();
    }
    else
    {
      postponed_.push_back(request.jobId);
    }
  }

  // What the core begins before it learns that it must not is done twice once the job is resumed.
  bool ActionWorker::IsWorthWaiting(const RequestedAction& request, const Run& run)
  {
    const auto now = std::chrono::steady_clock::now();
    const auto since = pauses_.try_emplace(request.jobId, now).first->second;
    return run.isSubmitting && now < since + SUBMISSION_PATIENCE;
  }

  void ActionWorker::Act(const RequestedAction& request, const std::string& coreJobId)
  {
    ActionReply reply = {request.jobId, request.requestedRevision, ErrorCode::InternalError};
    try
    {
      reply.code = core_.Act(coreJobId, request.action);
      if (reply.code == ErrorCode::UnknownResource && !core_.GetJob(coreJobId))
      {
        if (request.origin == JobOrigin::Queued)
        {
          watcher_.Wake();
          postponed_.push_back(request.jobId); // its end is about to be written
          return;
        }
        reply.code = ErrorCode::InexistentItem;
      }
    }
    catch (const std::exception& error)
    {
      LogWarning(std::string("The core cannot ") + GetName(request.action) + " job " + request.jobId + ": " +
                 error.what());
    }
    replies_.push_back(std::move(reply));
  }
}
