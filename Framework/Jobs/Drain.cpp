// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/Drain.h"

#include "Framework/Common/Logging.h"
#include "Framework/Jobs/RunRecall.h"

#include <algorithm>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds POLL_INTERVAL{50};

    std::string Join(const std::vector<std::string>& ids)
    {
      std::string text;
      for (const std::string& id : ids)
      {
        text += (text.empty() ? "" : ", ") + id;
      }
      return text;
    }
  }

  Drain::Drain(ReplicaRegistry& registry, RunTable& runs, RunStore& store, ICoreClient& core)
      : registry_(registry), runs_(runs), store_(store), core_(core)
  {
  }

  void Drain::Announce()
  {
    try
    {
      registry_.SetDraining();
    }
    catch (const std::exception& error)
    {
      LogWarning(std::string("The others cannot be told that this replica is about to stop: ") +
                 error.what());
    }
  }

  void Drain::Run(Clock::time_point deadline)
  {
    RecallRuns(runs_, core_, deadline);
    try
    {
      HandBack();
    }
    catch (const std::exception& error)
    {
      LogWarning(std::string("The jobs of this replica cannot be handed back now: ") + error.what());
    }
    try
    {
      WaitForLocalJobs(deadline);
    }
    catch (const std::exception& error)
    {
      LogWarning(std::string("The local jobs of this replica are not waited for: ") + error.what());
    }
  }

  void Drain::Leave()
  {
    try
    {
      HandBack(); // nothing is left, unless it has failed before
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

  void Drain::HandBack()
  {
    std::vector<std::string> kept; // ended, but not written yet
    for (const OrthancRegistry::Run& run : runs_.GetAll())
    {
      kept.push_back(run.job.id);
    }
    store_.Release(kept);
  }

  // A paused job would be waited for in vain.
  std::vector<std::string> Drain::GetActiveLocalJobs()
  {
    std::vector<std::string> ids;
    for (const CoreJob& job : core_.GetJobs())
    {
      if (!IsEnded(job.state) && job.state != JobState::Paused && !runs_.MayBeRun(job.id, job.type))
      {
        ids.push_back(job.id + " (" + job.type + ")");
      }
    }
    return ids;
  }

  void Drain::WaitForLocalJobs(Clock::time_point deadline)
  {
    std::vector<std::string> active = GetActiveLocalJobs();
    if (active.empty())
    {
      return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    LogWarning("Waiting for up to " + std::to_string(std::max<int64_t>(0, left.count())) +
               " ms for the local jobs of this server: " + Join(active));
    while (!active.empty() && Clock::now() < deadline)
    {
      std::this_thread::sleep_for(POLL_INTERVAL);
      active = GetActiveLocalJobs();
    }
    LogWarning(active.empty() ? "All local jobs of this server have ended"
                              : "Stopping all the same, with these local jobs unfinished: " + Join(active));
  }
}
