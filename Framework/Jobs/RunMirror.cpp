// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunMirror.h"

namespace OrthancRegistry
{
  namespace
  {
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

  RunMirror::RunMirror(RunTable& runs, ICoreClient& core, CoreOutcomes& outcomes,
                       std::function<void()> onSlotFreed)
      : runs_(runs), core_(core), outcomes_(outcomes), onSlotFreed_(std::move(onSlotFreed))
  {
  }

  void RunMirror::Forget()
  {
    written_.clear();
  }

  void RunMirror::Collect(const std::vector<Run>& runs, const CoreListing* listing, CoreUpdates& updates)
  {
    for (const Run& run : runs)
    {
      if (run.refusal)
      {
        updates.runs.push_back({run.job, MakeFailure(*run.refusal)});
        continue;
      }
      auto core = Read(run, listing);
      if (!core)
      {
        continue;
      }
      core->state = ToSharedState(core->state);
      if (!outcomes_.Secure({run.job.id, run.job.fence}, *core))
      {
        written_.erase(run.localId);
        runs_.Remove(run.job);
        onSlotFreed_();
        continue;
      }
      const auto written = written_.find(run.localId);
      const bool isFirst = written == written_.end();
      if (isFirst || !IsSame(written->second, *core))
      {
        Add(run.job, isFirst ? nullptr : &written->second, std::move(*core), updates);
      }
    }
  }

  void RunMirror::Add(const ClaimedJob& job, const CoreJob* written, CoreJob core, CoreUpdates& updates)
  {
    if (written == nullptr || !IsOnlyProgress(*written, core))
    {
      updates.runs.push_back({job, std::move(core), written == nullptr});
    }
    else if (updates.isProgressDue)
    {
      const bool isContentNew = written->content != core.content;
      updates.progress.push_back({job, std::move(core), isContentNew});
    }
  }

  std::optional<CoreJob> RunMirror::Read(const Run& run, const CoreListing* listing)
  {
    if (run.end || run.localId.empty() || listing == nullptr)
    {
      return run.end;
    }
    const auto listed = listing->find(run.localId);
    if (listed != listing->end())
    {
      outcomes_.SetListed(run.localId);
      return listed->second;
    }
    if (auto job = core_.GetJob(run.localId))
    {
      return job;
    }
    const auto written = written_.find(run.localId);
    CoreJob last;
    last.id = run.localId;
    last.type = run.job.type;
    return outcomes_.ReadForgotten(written == written_.end() ? last : written->second);
  }

  bool RunMirror::Settle(const RunUpdate& update, bool isStale)
  {
    if (isStale || IsEnded(update.core.state))
    {
      written_.erase(update.core.id);
      runs_.Remove(update.job);
      return true;
    }
    written_[update.core.id] = update.core;
    return runs_.SetPaused(update.job, update.core.state == JobState::Paused);
  }

  void RunMirror::Prune()
  {
    std::set<std::string> followed;
    for (const Run& run : runs_.GetAll())
    {
      followed.insert(run.localId);
    }
    std::erase_if(written_,
                  [&](const auto& entry)
                  {
                    return !followed.contains(entry.first);
                  });
  }
}
