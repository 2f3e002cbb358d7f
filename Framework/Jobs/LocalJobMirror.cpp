// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/LocalJobMirror.h"

#include <algorithm>

namespace OrthancRegistry
{
  LocalJobMirror::LocalJobMirror(RunTable& runs, RunStore& store, ICoreClient& core, CoreOutcomes& outcomes,
                                 std::function<void()> onSlotFreed)
      : runs_(runs), store_(store), core_(core), outcomes_(outcomes), onSlotFreed_(std::move(onSlotFreed))
  {
  }

  void LocalJobMirror::Load()
  {
    written_.clear();
    for (CoreJob& job : store_.GetUnfinishedLocalJobs())
    {
      SetWritten(job);
    }
  }

  void LocalJobMirror::Collect(const CoreListing& listing, CoreUpdates& updates)
  {
    CollectListed(listing, updates);
    CollectForgotten(listing, updates);
  }

  void LocalJobMirror::SetWritten(const CoreJob& job)
  {
    known_.insert(job.id);
    written_[job.id] = job;
  }

  void LocalJobMirror::Prune(const std::set<std::string>& idsOfCore)
  {
    std::erase_if(known_,
                  [&](const std::string& id)
                  {
                    return !idsOfCore.contains(id) && !written_.contains(id);
                  });
  }

  bool LocalJobMirror::IsAnyActive() const
  {
    return std::any_of(written_.begin(), written_.end(),
                       [](const auto& entry)
                       {
                         return !IsEnded(entry.second.state) && entry.second.state != JobState::Paused;
                       });
  }

  size_t LocalJobMirror::CountRunning() const
  {
    return running_;
  }

  void LocalJobMirror::CollectListed(const CoreListing& listing, CoreUpdates& updates)
  {
    size_t running = 0;
    for (const auto& [id, listed] : listing)
    {
      const auto written = written_.find(id);
      const bool isKnown = written != written_.end();
      if (!isKnown && runs_.MayBeRun(id, listed.type))
      {
        continue;
      }
      if (isKnown && IsEnded(written->second.state) && IsSame(written->second, listed))
      {
        continue;
      }
      CoreJob job = listed;
      if (!isKnown || !IsEnded(written->second.state))
      {
        outcomes_.Secure({id, 0}, job);
      }
      running += job.state == JobState::Running ? 1 : 0;
      if (isKnown && IsSame(written->second, job))
      {
        continue;
      }
      if (isKnown && known_.contains(id) && IsOnlyProgress(written->second, job))
      {
        AddProgress(written->second, std::move(job), updates);
      }
      else
      {
        updates.localJobs.push_back(job);
        if (known_.contains(id))
        {
          updates.known.insert(id);
        }
      }
    }
    if (running_.exchange(running) > running)
    {
      onSlotFreed_();
    }
  }

  void LocalJobMirror::AddProgress(const CoreJob& written, CoreJob job, CoreUpdates& updates)
  {
    if (updates.isProgressDue)
    {
      const bool isContentNew = written.content != job.content;
      ProgressUpdate& update = updates.progress.emplace_back();
      update.job.id = job.id;
      update.core = std::move(job);
      update.isContentNew = isContentNew;
    }
  }

  bool LocalJobMirror::IsWritten(const std::string& id) const
  {
    return written_.contains(id);
  }

  void LocalJobMirror::CollectForgotten(const CoreListing& listing, CoreUpdates& updates)
  {
    for (auto written = written_.begin(); written != written_.end();)
    {
      const auto& [id, last] = *written;
      if (listing.contains(id))
      {
        outcomes_.SetListed(id);
      }
      else if (IsEnded(last.state))
      {
        written = written_.erase(written);
        continue;
      }
      else if (!core_.GetJob(id))
      {
        auto job = outcomes_.ReadForgotten(last);
        if (job && outcomes_.Secure({id, 0}, *job) && !IsSame(last, *job))
        {
          updates.known.insert(id);
          updates.localJobs.push_back(std::move(*job));
        }
      }
      ++written;
    }
  }
}
