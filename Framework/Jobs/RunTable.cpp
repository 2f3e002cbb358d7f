// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunTable.h"

#include <algorithm>
#include <utility>

namespace OrthancRegistry
{
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
  }

  Run* RunTable::Find(const ClaimedJob& job)
  {
    const auto found = runs_.find(job.id);
    return found == runs_.end() || found->second.job.fence != job.fence ? nullptr : &found->second;
  }

  bool RunTable::BeginSubmission(const ClaimedJob& job)
  {
    const std::lock_guard lock(mutex_);
    Run* const run = Find(job);
    if (run == nullptr)
    {
      return false;
    }
    run->isSubmitting = true;
    return true;
  }

  void RunTable::EndSubmission(const ClaimedJob& job, const std::string& localId)
  {
    const std::lock_guard lock(mutex_);
    localIds_.emplace(localId, false);
    if (Run* const run = Find(job))
    {
      run->isSubmitting = false;
      run->localId = localId;
    }
    else
    {
      orphans_.push_back(localId);
    }
  }

  void RunTable::RefuseSubmission(const ClaimedJob& job, const Refusal& refusal)
  {
    const std::lock_guard lock(mutex_);
    if (Run* const run = Find(job))
    {
      run->isSubmitting = false;
      run->refusal = refusal;
    }
  }

  void RunTable::Remove(const ClaimedJob& job)
  {
    const std::lock_guard lock(mutex_);
    if (Find(job) != nullptr)
    {
      runs_.erase(job.id);
    }
  }

  std::vector<std::string> RunTable::TakeOrphans()
  {
    const std::lock_guard lock(mutex_);
    return std::exchange(orphans_, {});
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

  size_t RunTable::GetCount() const
  {
    const std::lock_guard lock(mutex_);
    return runs_.size();
  }

  bool RunTable::MayBeRun(const std::string& localId, const std::string& type) const
  {
    const std::lock_guard lock(mutex_);
    return localIds_.contains(localId) ||
           std::any_of(runs_.begin(), runs_.end(),
                       [&](const auto& entry)
                       {
                         const Run& run = entry.second;
                         return run.isSubmitting && (run.job.type == type || run.job.type == PLUGIN_JOB_TYPE);
                       });
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
