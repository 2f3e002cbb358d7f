// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Stability/StabilityTimes.h"
#include "Framework/Stability/UnstableTable.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace OrthancRegistry
{
  // What this replica knows in memory about unstable resources: those whose instances it has received, and
  // those that it has heard of. Thread-safe. The transactions of the core refer to it until they end.
  class StabilityTracker
  {
  public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds IDLE_PERIOD{10000};

    struct Wakers
    {
      std::function<void()> writer; // something is to be written down, or to be told
      std::function<void()> core;   // something is to be done at the core
      bool isCoreTold = false;      // the core can be told what is unstable
    };

    // What is to be written down and told to the other replicas
    struct Batch
    {
      std::vector<UnstableResource> touched; // not yet written
      Clock::time_point lastTouch;
      std::vector<UnstableResource> unstable; // for the first time
      std::vector<int64_t> stable;

      bool IsEmpty() const
      {
        return touched.empty() && unstable.empty() && stable.empty();
      }
    };

    // What the core of this replica is to be told
    struct CoreTasks
    {
      std::vector<UnstableResource> unstable;
      std::vector<UnstableResource> stable; // without a word to anybody
    };

    explicit StabilityTracker(const StabilityTimes& times);

    // Called while the mutex is held
    void SetWakers(Wakers wakers);

    // An instance is being stored: true if its parents are known to be in the table, so recently that they
    // cannot have become stable meanwhile.
    bool AreRecorded(const UnstableParents& parents) const;

    // It has been committed. "isWritten": the table knows already.
    void OnInstance(const UnstableParents& parents, bool isWritten);

    // Became stable by a decision that has been committed on this replica.
    void OnLogged(int64_t id);

    // A core does not take it for unstable any more, although it is.
    void OnMarkLost(int64_t id);

    // The same, where the core knows the resource by its public id: this may be another one than was
    // meant, because it has been deleted and stored again since.
    void OnMarkLost(const UnstableResource& resource);

    // True if this replica knows that it is unstable, or that it has just become stable.
    bool IsKnown(int64_t id) const;

    Batch TakeBatch();
    void PutBack(const Batch& batch);
    void OnWritten(const Batch& batch);

    void OnUnstableElsewhere(const std::vector<UnstableResource>& resources);

    // The same, for somebody who is about to ask the core of this replica about them: returns when the core
    // has been told, or after that time.
    void EnsureCoreKnows(const std::vector<UnstableResource>& resources, std::chrono::milliseconds patience);
    void RequestCheck(const std::vector<int64_t>& ids);
    void RequestReload();

    // There is something new in the table: it is read soon, if nothing of it is known here.
    void OnAnyUnstable();

    // How often the table is read while nothing in it is known here
    void SetIdlePeriod(std::chrono::milliseconds period);

    // The ids that might have been quiet for long enough
    std::vector<int64_t> GetDue(std::chrono::milliseconds quiet) const;
    std::vector<int64_t> TakeChecks();
    bool IsReloadDue() const;

    // What was read of these resources, or of all, by statements that began after "asked". Those that are
    // gone are stable.
    void UpdateSome(const std::vector<UnstableTable::Row>& rows, const std::vector<int64_t>& ids,
                    Clock::time_point asked);
    void UpdateAll(const std::vector<UnstableTable::Row>& rows, Clock::time_point asked);

    CoreTasks TakeCoreTasks(bool isCoreSupported);
    void OnCoreTold(); // all that has been taken

    bool IsUnstable(int64_t id) const;

    // What has this public id now
    bool IsUnstable(const UnstableResource& resource) const;

    // Until something is to be done at the core or with the table
    std::chrono::milliseconds GetWait(std::chrono::milliseconds quiet, bool isCoreSupported) const;

  private:
    struct Entry
    {
      UnstableResource resource;
      Clock::time_point since;
      Clock::time_point lastInstance; // as far as is known here
      bool isTouched = false;         // and not yet written
      bool isAnnounced = false;
      Clock::time_point writtenAt = {}; // the table has known an instance from here on
      Clock::time_point markedAt = {};  // when the core has last been told, or knew by itself
      Clock::time_point retryAt = {};
    };

    Entry& Ensure(const UnstableResource& resource, Clock::time_point now);
    std::set<int64_t> UpdateFound(const std::vector<UnstableTable::Row>& rows, Clock::time_point asked);
    std::vector<int64_t> FindNamesakes(const UnstableResource& resource) const;
    bool IsGone(const Entry& entry, Clock::time_point asked) const;
    void Drop(std::map<int64_t, Entry>::iterator entry, Clock::time_point now);
    bool WasDropped(int64_t id, Clock::time_point now) const;
    void ForgetOldDrops(Clock::time_point now);
    static void Call(const std::function<void()>& waker);

    const StabilityTimes times_;
    mutable std::mutex mutex_;
    Wakers wakers_;
    std::map<int64_t, Entry> entries_;
    std::map<int64_t, Clock::time_point> drops_; // became stable a moment ago
    std::vector<int64_t> stable_;                // to be told to the others
    std::vector<int64_t> checks_;
    std::vector<UnstableResource> coreDrops_;
    Clock::time_point reloadAt_ = {};
    std::chrono::milliseconds idlePeriod_ = IDLE_PERIOD;

    std::condition_variable coreTold_;
    uint64_t tasksTaken_ = 0; // how many times
    uint64_t tasksTold_ = 0;
  };
}
