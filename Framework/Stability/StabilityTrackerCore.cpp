// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Stability/StabilityTracker.h"

#include <algorithm>

// What the core of this replica is told
namespace OrthancRegistry
{
  void StabilityTracker::EnsureCoreKnows(const std::vector<UnstableResource>& resources,
                                         std::chrono::milliseconds patience)
  {
    const auto now = Clock::now();
    std::unique_lock lock(mutex_);
    if (resources.empty() || !wakers_.isCoreTold)
    {
      return;
    }
    bool isNews = false;
    for (const UnstableResource& resource : resources)
    {
      if (!entries_.contains(resource.id))
      {
        Ensure(resource, now).isAnnounced = true; // by whoever has written it
        drops_.erase(resource.id);
      }
      isNews |= entries_.at(resource.id).markedAt == Clock::time_point();
    }
    if (isNews)
    {
      Call(wakers_.core);
    }
    coreTold_.wait_for(lock, patience,
                       [this, turn = tasksTaken_ + (isNews ? 1 : 0)]
                       {
                         return tasksTold_ >= turn;
                       });
  }

  StabilityTracker::CoreTasks StabilityTracker::TakeCoreTasks(bool isCoreSupported)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    tasksTaken_++;
    CoreTasks tasks;
    if (isCoreSupported)
    {
      for (auto& [id, entry] : entries_)
      {
        if (entry.markedAt + times_.renewal <= now)
        {
          entry.markedAt = now;
          tasks.unstable.push_back(entry.resource);
        }
      }
      tasks.stable = coreDrops_;
    }
    coreDrops_.clear();
    return tasks;
  }

  void StabilityTracker::OnCoreTold()
  {
    const std::lock_guard lock(mutex_);
    tasksTold_ = tasksTaken_;
    coreTold_.notify_all();
  }

  // Public ids are different at all levels, and messages tell no level.
  std::vector<int64_t> StabilityTracker::FindNamesakes(const UnstableResource& resource) const
  {
    const std::lock_guard lock(mutex_);
    std::vector<int64_t> ids;
    for (const auto& [id, entry] : entries_)
    {
      if (entry.resource.publicId == resource.publicId)
      {
        ids.push_back(id);
      }
    }
    return ids;
  }

  bool StabilityTracker::IsUnstable(const UnstableResource& resource) const
  {
    return !FindNamesakes(resource).empty();
  }

  void StabilityTracker::OnMarkLost(const UnstableResource& resource)
  {
    const auto namesakes = FindNamesakes(resource);
    std::ranges::for_each(namesakes.empty() ? std::vector{resource.id} : namesakes,
                          [this](int64_t id)
                          {
                            OnMarkLost(id);
                          });
  }
}
