// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunTable.h"

#include <algorithm>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    template <typename Runs>
    auto FindRun(Runs& runs, const ClaimedJob& job)
    {
      const auto found = runs.find(job.id);
      return found == runs.end() || found->second.job.fence != job.fence ? nullptr : &found->second;
    }
  }

  void RunTable::Add(const ClaimedJob& job)
  {
    const std::lock_guard lock(mutex_);
    Run& run = runs_[job.id];
    if (!run.localId.empty())
    {
      orphans_.push_back(run.localId);
    }
    run = Run();
    run.job = job;
    run.job.request = {}; // the table is copied often, and only the submission needs it
    run.claimed = std::chrono::steady_clock::now();
  }

  const Run* RunTable::Find(const ClaimedJob& job) const
  {
    return FindRun(runs_, job);
  }

  Run* RunTable::Find(const ClaimedJob& job)
  {
    return FindRun(runs_, job);
  }

  bool RunTable::BeginSubmission(const ClaimedJob& job)
  {
    const std::lock_guard lock(mutex_);
    Run* const run = Find(job);
    if (run == nullptr || run->isRecalled)
    {
      return false;
    }
    run->isSubmitting = true;
    submittedTypes_.insert(job.type);
    return true;
  }

  bool RunTable::EndSubmission(const ClaimedJob& job, const std::string& localId)
  {
    const std::lock_guard lock(mutex_);
    ForgetSubmission(job);
    localIds_.emplace(localId, false);
    Run* const run = Find(job);
    if (run == nullptr || run->isRecalled)
    {
      orphans_.push_back(localId);
      return false;
    }
    run->isSubmitting = false;
    run->localId = localId;
    return true;
  }

  void RunTable::ForgetSubmission(const ClaimedJob& job)
  {
    const auto found = submittedTypes_.find(job.type);
    if (found != submittedTypes_.end())
    {
      submittedTypes_.erase(found);
    }
  }

  void RunTable::RefuseSubmission(const ClaimedJob& job, const Refusal& refusal)
  {
    const std::lock_guard lock(mutex_);
    ForgetSubmission(job);
    if (Run* const run = Find(job))
    {
      run->isSubmitting = false;
      run->refusal = refusal;
    }
  }

  bool RunTable::SetEnd(const CoreJob& core)
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(runs_.begin(), runs_.end(),
                                    [&](const auto& entry)
                                    {
                                      return entry.second.localId == core.id;
                                    });
    if (found == runs_.end() || found->second.end)
    {
      return false;
    }
    found->second.end = core;
    localIds_[core.id] = true; // it may be forgotten before it is ever listed
    return true;
  }

  size_t RunTable::DropHeld(std::chrono::milliseconds age)
  {
    const auto latest = std::chrono::steady_clock::now() - age;
    const std::lock_guard lock(mutex_);
    return std::erase_if(runs_,
                         [&](const auto& entry)
                         {
                           return entry.second.IsHeld() && entry.second.claimed <= latest;
                         });
  }

  void RunTable::Remove(const ClaimedJob& job)
  {
    const std::lock_guard lock(mutex_);
    if (Find(job) != nullptr)
    {
      runs_.erase(job.id);
    }
  }

  std::vector<Run> RunTable::RecallAll()
  {
    const std::lock_guard lock(mutex_);
    std::vector<Run> runs;
    runs.reserve(runs_.size());
    for (auto& [id, run] : runs_)
    {
      run.isRecalled = true;
      runs.push_back(run);
    }
    return runs;
  }

  bool RunTable::MayWrite(const ClaimedJob& job, const CoreJob& core) const
  {
    const std::lock_guard lock(mutex_);
    const Run* const run = Find(job);
    return run != nullptr && (!run->isRecalled || (IsEnded(core.state) && !IsCancelled(core)));
  }

  void RunTable::Abandon(const ClaimedJob& job)
  {
    const std::lock_guard lock(mutex_);
    const Run* const run = Find(job);
    if (run == nullptr)
    {
      return;
    }
    if (!run->localId.empty())
    {
      orphans_.push_back(run->localId);
    }
    runs_.erase(job.id);
  }

  bool RunTable::SetPaused(const ClaimedJob& job, bool isPaused)
  {
    const std::lock_guard lock(mutex_);
    Run* const run = Find(job);
    return run != nullptr && !std::exchange(run->isPaused, isPaused) && isPaused;
  }

  std::vector<std::string> RunTable::TakeOrphans()
  {
    const std::lock_guard lock(mutex_);
    return std::exchange(orphans_, {});
  }

  bool RunTable::Contains(const ClaimedJob& job) const
  {
    const std::lock_guard lock(mutex_);
    return Find(job) != nullptr;
  }

  std::vector<Run> RunTable::GetAll() const
  {
    const std::lock_guard lock(mutex_);
    std::vector<Run> runs;
    runs.reserve(runs_.size());
    for (const auto& [id, run] : runs_)
    {
      runs.push_back(run);
    }
    return runs;
  }

  size_t RunTable::Count(const std::function<bool(const Run&)>& predicate) const
  {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count_if(runs_.begin(), runs_.end(),
                                             [&](const auto& entry)
                                             {
                                               return predicate(entry.second);
                                             }));
  }

  size_t RunTable::CountBusy() const
  {
    return Count(
        [](const Run& run)
        {
          return !run.isPaused && !run.end;
        });
  }

  size_t RunTable::CountHeld() const
  {
    return Count(
        [](const Run& run)
        {
          return run.IsHeld();
        });
  }

  size_t RunTable::CountAtCore() const
  {
    return Count(
        [](const Run& run)
        {
          return run.IsAtCore();
        });
  }

  bool RunTable::IsAnyActive() const
  {
    return Count(
               [](const Run& run)
               {
                 return !run.isPaused;
               }) > 0;
  }

  bool RunTable::IsRun(const std::string& localId) const
  {
    const std::lock_guard lock(mutex_);
    return localIds_.contains(localId);
  }

  bool RunTable::IsUnfinished(const std::string& localId) const
  {
    return Count(
               [&](const Run& run)
               {
                 return run.localId == localId && !run.end;
               }) > 0;
  }

  bool RunTable::IsSubmitting() const
  {
    const std::lock_guard lock(mutex_);
    return !submittedTypes_.empty();
  }

  bool RunTable::MayBeRun(const std::string& localId, const std::string& type) const
  {
    const std::lock_guard lock(mutex_);
    return localIds_.contains(localId) || submittedTypes_.contains(type) ||
           submittedTypes_.contains(PLUGIN_JOB_TYPE);
  }

  void RunTable::Prune(const std::set<std::string>& idsOfCore)
  {
    const std::lock_guard lock(mutex_);
    std::set<std::string> kept;
    for (const auto& [id, run] : runs_)
    {
      kept.insert(run.localId);
    }
    std::erase_if(localIds_,
                  [&](auto& entry)
                  {
                    auto& [localId, isListed] = entry;
                    const bool wasListed = std::exchange(isListed, isListed || idsOfCore.contains(localId));
                    return wasListed && !idsOfCore.contains(localId) && !kept.contains(localId);
                  });
  }
}
