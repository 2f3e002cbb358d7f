// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunRecall.h"

#include "Framework/Common/Logging.h"

#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds POLL_INTERVAL{10};

    enum class Progress
    {
      UnderWay,
      Cancelled,
      Ended
    };

    void Cancel(ICoreClient& core, const Run& run)
    {
      try
      {
        core.CancelJob(run.localId);
      }
      catch (const std::exception& error)
      {
        LogWarning("Job " + run.job.id + " cannot be cancelled at the core: " + error.what());
      }
    }

    Progress GetProgress(ICoreClient& core, const Run& run)
    {
      if (run.refusal)
      {
        return Progress::Ended;
      }
      if (run.end) // the core may have forgotten it
      {
        return IsCancelled(*run.end) ? Progress::Cancelled : Progress::Ended;
      }
      try
      {
        const auto job = run.localId.empty() ? std::nullopt : core.GetJob(run.localId);
        if (!job || IsCancelled(*job))
        {
          return Progress::Cancelled;
        }
        return IsEnded(job->state) ? Progress::Ended : Progress::UnderWay;
      }
      catch (const std::exception& error)
      {
        LogWarning("Job " + run.job.id + " cannot be looked up at the core: " + error.what());
        return Progress::UnderWay;
      }
    }
  }

  std::vector<ClaimedJob> RecallRuns(RunTable& runs, ICoreClient& core,
                                     std::chrono::steady_clock::time_point deadline)
  {
    std::vector<Run> pending = runs.RecallAll();
    for (const Run& run : pending)
    {
      if (GetProgress(core, run) == Progress::UnderWay)
      {
        Cancel(core, run);
      }
    }
    std::vector<ClaimedJob> dropped;
    for (;;)
    {
      const bool isLast = std::chrono::steady_clock::now() >= deadline;
      std::erase_if(pending,
                    [&](const Run& run)
                    {
                      const Progress progress = GetProgress(core, run);
                      if (progress == Progress::Cancelled || (isLast && progress == Progress::UnderWay))
                      {
                        runs.Remove(run.job);
                        dropped.push_back(run.job);
                      }
                      return progress != Progress::UnderWay;
                    });
      if (pending.empty() || isLast)
      {
        return dropped;
      }
      std::this_thread::sleep_for(POLL_INTERVAL);
    }
  }
}
