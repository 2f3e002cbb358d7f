// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IMessageBus.h"
#include "Framework/Index/IIndexDialect.h"
#include "Framework/Stability/ICoreStability.h"
#include "Framework/Stability/StabilityTracker.h"

#include <atomic>
#include <memory>

namespace OrthancRegistry
{
  // Keeps the table of unstable resources, this replica's memory of it and the core of this replica in step,
  // and makes resources stable when all replicas have been quiet for long enough. One thread writes, another
  // one talks to the core, which takes time.
  class StabilityService
  {
  public:
    // What it refers to outlives it.
    StabilityService(const StabilityTimes& times, std::shared_ptr<StabilityTracker> tracker,
                     IDatabase& database, const IIndexDialect& dialect, IMessageBus& bus,
                     ICoreStability& core);
    ~StabilityService();

    StabilityService(const StabilityService&) = delete;
    StabilityService& operator=(const StabilityService&) = delete;

    void Start();

    // Writes down what is not yet written.
    void Stop();

  private:
    void OnMessage(std::string_view message);
    std::chrono::milliseconds Write();
    void WriteRest();
    void WriteBatch(const StabilityTracker::Batch& batch);
    std::chrono::milliseconds Act();
    void Reload();
    void DecideDue();
    void Decide(const UnstableResource& resource);
    void Log(const UnstableResource& resource);
    void Check(const std::vector<int64_t>& ids);
    void TellCore();

    const StabilityTimes times_;
    const std::shared_ptr<StabilityTracker> tracker_;
    IDatabase& database_;
    const IIndexDialect& dialect_;
    IMessageBus& bus_;
    ICoreStability& core_;
    const bool isCoreSupported_;
    const std::chrono::milliseconds dueAge_; // later for cores that only know their own timer
    StabilityTracker::Clock::time_point lastWrite_ = {};
    BackgroundTask writer_;
    BackgroundTask actor_;
    std::atomic<bool> isStopping_ = false;
    bool isRunning_ = false;
  };
}
