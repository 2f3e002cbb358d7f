// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Stability/StabilityObserver.h"
#include "Framework/Stability/StabilityService.h"
#include "UnitTests/Jobs/TestCluster.h"

#include <algorithm>
#include <map>
#include <thread>

namespace OrthancRegistry::Testing
{
  struct TestInstance
  {
    std::string patient = "patient";
    std::string study = "study";
    std::string series = "series";
    std::string instance;
  };

  // What Orthanc does about the stability of resources: it has a list of its own with a timer, and each of
  // its operations asks the observer of the plugin. Transactions are run again as the core does.
  class StabilityCore : public ICoreStability
  {
  public:
    StabilityCore(IDatabase& database, const IIndexDialect& dialect, IResourceObserver& observer,
                  std::chrono::milliseconds timer, bool isNew);
    ~StabilityCore() override;

    bool IsSupported() const override;
    bool SetStable(const std::string& publicId, bool isStable) override;

    struct Cost
    {
      uint64_t statements = 0; // of the transaction, without BEGIN and COMMIT
      uint64_t roundTrips = 0;
    };

    Cost Store(const TestInstance& instance, bool isCommitted = true);
    Cost Find(const std::string& publicId);
    void Delete(const std::string& publicId);

    bool IsStable(const std::string& publicId);
    size_t CountEvents(const std::string& publicId);
    size_t CountCalls() const;
    void SetTimer(std::chrono::milliseconds timer);

  private:
    struct Unstable
    {
      std::string publicId;
      std::chrono::steady_clock::time_point markedAt;
    };

    using Key = std::pair<ResourceLevel, int64_t>;

    template <typename Action>
    void Run(AccessMode mode, Action action);
    void Mark(ResourceLevel level, int64_t id, const std::string& publicId);
    void LogStableChange(const Key& key, const std::string& publicId);
    void WatchTimer(const std::stop_token& stop);

    IDatabase& database_;
    const IIndexDialect& dialect_;
    IResourceObserver& observer_;
    const bool isNew_;
    std::mutex mutex_;
    std::chrono::milliseconds timer_;
    std::map<Key, Unstable> unstable_;
    std::map<std::string, size_t> events_;
    std::atomic<size_t> calls_ = 0;
    std::jthread thread_;
  };

  class StabilityReplica
  {
  public:
    StabilityReplica(TestDatabase& database, const StabilityConfiguration& configuration,
                     std::chrono::milliseconds timer, bool isNewCore);
    ~StabilityReplica();

    // The process dies: nothing more is written, nothing more is told.
    void Kill();

    StabilityCore& GetCore()
    {
      return *core_;
    }

    GatedDatabase& GetDatabase()
    {
      return database_;
    }

    StabilityTracker& GetTracker()
    {
      return *tracker_;
    }

    StabilityService& Get()
    {
      return *service_;
    }

  private:
    StabilityTimes times_;
    GatedDatabase database_;
    std::unique_ptr<IMessageBus> bus_;
    std::shared_ptr<StabilityTracker> tracker_;
    StabilityObserver observer_;
    std::unique_ptr<StabilityCore> core_;
    std::unique_ptr<StabilityService> service_;
  };
}
