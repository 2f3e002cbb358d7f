// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Stability/StabilityTracker.h"

#include <algorithm>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    using namespace std::chrono_literals;

    constexpr auto DROP_MEMORY = 5s; // longer than the timer of a core is late
    constexpr auto RETRY_DELAY = 300ms;
    constexpr auto RELOAD_PERIOD = 5s;
    constexpr auto SHORTEST_WAIT = 20ms;
  }

  StabilityTracker::StabilityTracker(const StabilityTimes& times) : times_(times)
  {
  }

  void StabilityTracker::SetWakers(Wakers wakers)
  {
    const std::lock_guard lock(mutex_);
    wakers_ = std::move(wakers);
  }

  void StabilityTracker::Call(const std::function<void()>& waker)
  {
    if (waker)
    {
      waker();
    }
  }

  bool StabilityTracker::AreRecorded(const UnstableParents& parents) const
  {
    const auto oldest = Clock::now() - times_.age / 2;
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(parents,
                               [&](const UnstableResource& parent)
                               {
                                 const auto entry = entries_.find(parent.id);
                                 return entry != entries_.end() && entry->second.writtenAt > oldest;
                               });
  }

  StabilityTracker::Entry& StabilityTracker::Ensure(const UnstableResource& resource, Clock::time_point now)
  {
    const auto [entry, isNew] = entries_.try_emplace(resource.id);
    if (isNew)
    {
      entry->second.resource = resource;
      entry->second.since = now;
      entry->second.lastInstance = now;
    }
    return entry->second;
  }

  void StabilityTracker::OnInstance(const UnstableParents& parents, bool isWritten)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    bool isNews = false;
    bool isMarkDoubtful = false;
    for (const UnstableResource& parent : parents)
    {
      Entry& entry = Ensure(parent, now);
      entry.lastInstance = now;
      // If it has just become stable, the core may have been told so after it had stored the instance.
      const bool wasDropped = WasDropped(parent.id, now);
      isMarkDoubtful |= wasDropped;
      entry.markedAt = wasDropped ? Clock::time_point() : now;
      if (isWritten)
      {
        entry.writtenAt = now;
        isNews |= !entry.isAnnounced;
      }
      else
      {
        isNews |= !entry.isTouched;
        entry.isTouched = true;
      }
      drops_.erase(parent.id);
    }
    if (isNews)
    {
      Call(wakers_.writer);
    }
    if (isNews || isMarkDoubtful)
    {
      Call(wakers_.core);
    }
  }

  void StabilityTracker::Drop(std::map<int64_t, Entry>::iterator entry, Clock::time_point now)
  {
    drops_[entry->first] = now;
    entries_.erase(entry);
  }

  bool StabilityTracker::WasDropped(int64_t id, Clock::time_point now) const
  {
    const auto drop = drops_.find(id);
    return drop != drops_.end() && now - drop->second < DROP_MEMORY;
  }

  void StabilityTracker::ForgetOldDrops(Clock::time_point now)
  {
    std::erase_if(drops_,
                  [now](const auto& drop)
                  {
                    return now - drop.second >= DROP_MEMORY;
                  });
  }

  void StabilityTracker::OnLogged(int64_t id)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(id);
    if (entry != entries_.end() && entry->second.isTouched)
    {
      // An instance that has come since
      entry->second.markedAt = {};
      entry->second.writtenAt = {};
      Call(wakers_.core);
    }
    else if (entry != entries_.end())
    {
      Drop(entry, now);
    }
    else
    {
      drops_[id] = now;
    }
    stable_.push_back(id);
    Call(wakers_.writer);
  }

  void StabilityTracker::OnMarkLost(int64_t id)
  {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(id);
    if (entry != entries_.end())
    {
      entry->second.markedAt = {};
      Call(wakers_.core);
    }
    else
    {
      reloadAt_ = {};
    }
  }

  bool StabilityTracker::IsKnown(int64_t id) const
  {
    const std::lock_guard lock(mutex_);
    return entries_.contains(id) || WasDropped(id, Clock::now());
  }

  bool StabilityTracker::IsUnstable(int64_t id) const
  {
    const std::lock_guard lock(mutex_);
    return entries_.contains(id);
  }

  StabilityTracker::Batch StabilityTracker::TakeBatch()
  {
    const std::lock_guard lock(mutex_);
    Batch batch;
    for (auto& [id, entry] : entries_)
    {
      if (entry.isTouched)
      {
        batch.touched.push_back(entry.resource);
        batch.lastTouch = std::max(batch.lastTouch, entry.lastInstance);
        entry.isTouched = false;
      }
      if (!entry.isAnnounced)
      {
        batch.unstable.push_back(entry.resource);
        entry.isAnnounced = true;
      }
    }
    batch.stable = std::exchange(stable_, {});
    ForgetOldDrops(Clock::now());
    return batch;
  }

  void StabilityTracker::PutBack(const Batch& batch)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    for (const UnstableResource& resource : batch.touched)
    {
      Ensure(resource, now).isTouched = true;
    }
    for (const UnstableResource& resource : batch.unstable)
    {
      Ensure(resource, now).isAnnounced = false;
    }
    stable_.insert(stable_.end(), batch.stable.begin(), batch.stable.end());
  }

  void StabilityTracker::OnWritten(const Batch& batch)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    bool isNews = false;
    for (const UnstableResource& resource : batch.touched)
    {
      Entry& entry = Ensure(resource, now);
      isNews |= entry.markedAt == Clock::time_point();
      entry.isAnnounced = true;
      entry.writtenAt = std::max(entry.writtenAt, batch.lastTouch);
    }
    if (isNews)
    {
      Call(wakers_.core);
    }
  }

  void StabilityTracker::OnUnstableElsewhere(const std::vector<UnstableResource>& resources)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    for (const UnstableResource& resource : resources)
    {
      if (!entries_.contains(resource.id))
      {
        Ensure(resource, now).isAnnounced = true;
        drops_.erase(resource.id);
      }
    }
    Call(wakers_.core);
  }

  void StabilityTracker::RequestCheck(const std::vector<int64_t>& ids)
  {
    const std::lock_guard lock(mutex_);
    checks_.insert(checks_.end(), ids.begin(), ids.end());
    Call(wakers_.core);
  }

  void StabilityTracker::RequestReload()
  {
    const std::lock_guard lock(mutex_);
    reloadAt_ = {};
    Call(wakers_.core);
  }

  void StabilityTracker::OnAnyUnstable()
  {
    const std::lock_guard lock(mutex_);
    if (entries_.empty())
    {
      reloadAt_ = {};
      Call(wakers_.core);
    }
  }

  void StabilityTracker::SetIdlePeriod(std::chrono::milliseconds period)
  {
    const std::lock_guard lock(mutex_);
    idlePeriod_ = period;
  }

  std::vector<int64_t> StabilityTracker::GetDue(std::chrono::milliseconds quiet) const
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    std::vector<int64_t> due;
    for (const auto& [id, entry] : entries_)
    {
      if (!entry.isTouched && std::max<Clock::time_point>(entry.lastInstance + quiet, entry.retryAt) <= now)
      {
        due.push_back(id);
      }
    }
    return due;
  }

  std::vector<int64_t> StabilityTracker::TakeChecks()
  {
    const std::lock_guard lock(mutex_);
    std::vector<int64_t> checks;
    for (const int64_t id : std::exchange(checks_, {}))
    {
      if (entries_.contains(id))
      {
        checks.push_back(id);
      }
    }
    return checks;
  }

  bool StabilityTracker::IsReloadDue() const
  {
    const std::lock_guard lock(mutex_);
    return Clock::now() >= reloadAt_;
  }

  std::set<int64_t> StabilityTracker::UpdateFound(const std::vector<UnstableTable::Row>& rows,
                                                  Clock::time_point asked)
  {
    std::set<int64_t> found;
    for (const UnstableTable::Row& row : rows)
    {
      found.insert(row.resource.id);
      const auto lastInstance = std::chrono::time_point_cast<Clock::duration>(asked - row.quiet);
      const bool isNew = !entries_.contains(row.resource.id);
      Entry& entry = Ensure(row.resource, asked);
      entry.lastInstance = isNew ? lastInstance : std::max(entry.lastInstance, lastInstance);
      entry.isAnnounced |= isNew;
    }
    return found;
  }

  bool StabilityTracker::IsGone(const Entry& entry, Clock::time_point asked) const
  {
    return !entry.isTouched && entry.since < asked && entry.lastInstance < asked;
  }

  void StabilityTracker::UpdateSome(const std::vector<UnstableTable::Row>& rows,
                                    const std::vector<int64_t>& ids, Clock::time_point asked)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    const std::set<int64_t> found = UpdateFound(rows, asked);
    for (const int64_t id : ids)
    {
      const auto entry = entries_.find(id);
      if (entry == entries_.end())
      {
        continue;
      }
      if (found.contains(id))
      {
        entry->second.retryAt = now + RETRY_DELAY; // if it is due, then another replica has it
      }
      else if (IsGone(entry->second, asked))
      {
        coreDrops_.push_back(entry->second.resource);
        Drop(entry, now);
      }
    }
  }

  void StabilityTracker::UpdateAll(const std::vector<UnstableTable::Row>& rows, Clock::time_point asked)
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    const std::set<int64_t> found = UpdateFound(rows, asked);
    for (auto entry = entries_.begin(); entry != entries_.end();)
    {
      const auto current = entry++;
      if (!found.contains(current->first) && IsGone(current->second, asked))
      {
        coreDrops_.push_back(current->second.resource);
        Drop(current, now);
      }
    }
    reloadAt_ = now + (entries_.empty() ? idlePeriod_ : RELOAD_PERIOD);
  }

  std::chrono::milliseconds StabilityTracker::GetWait(std::chrono::milliseconds quiet,
                                                      bool isCoreSupported) const
  {
    const std::lock_guard lock(mutex_);
    auto next =
        entries_.empty() ? reloadAt_ : std::min<Clock::time_point>(reloadAt_, Clock::now() + RELOAD_PERIOD);
    for (const auto& [id, entry] : entries_)
    {
      if (!entry.isTouched)
      {
        next = std::min<Clock::time_point>(
            next, std::max<Clock::time_point>(entry.lastInstance + quiet, entry.retryAt));
      }
      if (isCoreSupported)
      {
        next = std::min<Clock::time_point>(next, entry.markedAt + times_.renewal);
      }
    }
    // The task adds up to 10% of jitter to what it is told
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(next - Clock::now()) * 9 / 10;
    return std::max(std::chrono::milliseconds(SHORTEST_WAIT), wait);
  }
}
