// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Stability/StabilityCluster.h"

#include "Framework/Database/Retry.h"
#include "Framework/Index/Changes.h"
#include "Framework/Index/Resources.h"

namespace OrthancRegistry::Testing
{
  using namespace std::chrono_literals;

  StabilityCore::StabilityCore(IDatabase& database, const IIndexDialect& dialect, IResourceObserver& observer,
                               std::chrono::milliseconds timer, bool isNew)
      : database_(database), dialect_(dialect), observer_(observer), isNew_(isNew), timer_(timer),
        thread_(
            [this](const std::stop_token& stop)
            {
              WatchTimer(stop);
            })
  {
  }

  StabilityCore::~StabilityCore()
  {
    thread_.request_stop();
    thread_.join();
  }

  template <typename Action>
  void StabilityCore::Run(AccessMode mode, Action action)
  {
    for (unsigned int retry = 0;; retry++)
    {
      try
      {
        IndexTransaction transaction(database_, dialect_, mode);
        action(transaction);
        transaction.Commit();
        return;
      }
      catch (const RetryableError&)
      {
        if (retry >= 20)
        {
          throw;
        }
      }
      WaitBeforeRetry(RetryPolicy(), retry);
    }
  }

  bool StabilityCore::IsSupported() const
  {
    return isNew_;
  }

  void StabilityCore::Mark(ResourceLevel level, int64_t id, const std::string& publicId)
  {
    const std::lock_guard lock(mutex_);
    unstable_[{level, id}] = {publicId, std::chrono::steady_clock::now()};
  }

  StabilityCore::Cost StabilityCore::Store(const TestInstance& instance, bool isCommitted)
  {
    Cost cost;
    const auto store = [&](IndexTransaction& t)
    {
      const SessionStatistics before = t.transaction.GetStatistics();
      const auto created =
          Resources::CreateInstance(t, instance.patient, instance.study, instance.series, instance.instance);
      observer_.OnInstanceCreated(t, {instance.patient, instance.study, instance.series, instance.instance},
                                  created);
      Mark(ResourceLevel::Series, created.seriesId, instance.series);
      Mark(ResourceLevel::Study, created.studyId, instance.study);
      Mark(ResourceLevel::Patient, created.patientId, instance.patient);
      Changes::Log(t, 2, ResourceLevel::Instance, created.instanceId, "20260101T000000");
      t.transaction.Flush();
      cost.statements = t.transaction.GetStatistics().statements - before.statements;
      cost.roundTrips = t.transaction.GetStatistics().roundTrips - before.roundTrips;
    };
    if (isCommitted)
    {
      Run(AccessMode::ReadWrite, store);
      return cost;
    }
    IndexTransaction t(database_, dialect_, AccessMode::ReadWrite);
    store(t);
    t.Rollback();
    const std::lock_guard lock(mutex_);
    unstable_.clear();
    return cost;
  }

  StabilityCore::Cost StabilityCore::Find(const std::string& publicId)
  {
    Cost cost;
    Run(AccessMode::ReadOnly,
        [&](IndexTransaction& t)
        {
          const SessionStatistics before = t.transaction.GetStatistics();
          observer_.OnFind(t, ResourceLevel::Study);
          Resources::Lookup(t, publicId);
          cost.statements = t.transaction.GetStatistics().statements - before.statements;
          cost.roundTrips = t.transaction.GetStatistics().roundTrips - before.roundTrips;
        });
    return cost;
  }

  void StabilityCore::Delete(const std::string& publicId)
  {
    Run(AccessMode::ReadWrite,
        [&](IndexTransaction& t)
        {
          const auto found = Resources::Lookup(t, publicId);
          if (found && !observer_.IsHidden(t, found->id))
          {
            Resources::DeleteResource(t, found->id);
          }
        });
  }

  bool StabilityCore::SetStable(const std::string& publicId, bool isStable)
  {
    calls_++;
    std::optional<Resources::FoundResource> found;
    Run(AccessMode::ReadOnly,
        [&](IndexTransaction& t)
        {
          found = Resources::Lookup(t, publicId);
          if (found && observer_.IsHidden(t, found->id))
          {
            found.reset();
          }
        });
    if (!found)
    {
      return false;
    }
    const Key key{found->level, found->id};
    if (!isStable)
    {
      const bool wasStable = IsStable(publicId);
      Mark(key.first, key.second, publicId);
      return wasStable;
    }
    {
      const std::lock_guard lock(mutex_);
      if (unstable_.erase(key) == 0)
      {
        return false;
      }
    }
    LogStableChange(key, publicId);
    return true;
  }

  void StabilityCore::LogStableChange(const Key& key, const std::string& publicId)
  {
    bool isSignaled = false;
    Run(AccessMode::ReadWrite,
        [&](IndexTransaction& t)
        {
          isSignaled = false;
          const auto found = Resources::Lookup(t, publicId);
          if (!found || observer_.IsHidden(t, found->id) || found->id != key.second)
          {
            return;
          }
          const int type = 12 + static_cast<int>(key.first);
          if (observer_.MayLogChange(t, type, found->id))
          {
            Changes::Log(t, type, found->level, found->id, "20260101T000000");
          }
          isSignaled = true;
        });
    if (isSignaled)
    {
      const std::lock_guard lock(mutex_);
      events_[publicId]++;
    }
  }

  void StabilityCore::WatchTimer(const std::stop_token& stop)
  {
    while (!stop.stop_requested())
    {
      std::this_thread::sleep_for(10ms);
      std::vector<std::pair<Key, std::string>> ended;
      {
        const std::lock_guard lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        for (const auto& [key, unstable] : unstable_)
        {
          if (now - unstable.markedAt >= timer_)
          {
            ended.emplace_back(key, unstable.publicId);
          }
        }
        for (const auto& [key, publicId] : ended)
        {
          unstable_.erase(key);
        }
      }
      for (const auto& [key, publicId] : ended)
      {
        LogStableChange(key, publicId);
      }
    }
  }

  bool StabilityCore::IsStable(const std::string& publicId)
  {
    std::optional<Resources::FoundResource> found;
    Run(AccessMode::ReadOnly,
        [&](IndexTransaction& t)
        {
          found = Resources::Lookup(t, publicId);
        });
    const std::lock_guard lock(mutex_);
    return !found || !unstable_.contains({found->level, found->id});
  }

  size_t StabilityCore::CountEvents(const std::string& publicId)
  {
    const std::lock_guard lock(mutex_);
    return events_[publicId];
  }

  size_t StabilityCore::CountCalls() const
  {
    return calls_;
  }

  void StabilityCore::SetTimer(std::chrono::milliseconds timer)
  {
    const std::lock_guard lock(mutex_);
    timer_ = timer;
  }

  StabilityReplica::StabilityReplica(TestDatabase& database, const StabilityConfiguration& configuration,
                                     std::chrono::milliseconds timer, bool isNewCore)
      : times_(configuration), database_(database.Connect()), bus_(database.CreateBus()),
        tracker_(std::make_shared<StabilityTracker>(times_)), observer_(times_, tracker_),
        core_(std::make_unique<StabilityCore>(database_, database.GetDialect(), observer_, timer, isNewCore)),
        service_(std::make_unique<StabilityService>(times_, tracker_, database_, database.GetDialect(), *bus_,
                                                    *core_))
  {
  }

  StabilityReplica::~StabilityReplica()
  {
    service_.reset();
  }

  void StabilityReplica::Kill()
  {
    tracker_->SetWakers({});
    tracker_->TakeBatch(); // never written
    service_.reset();
    core_.reset();
  }
}
