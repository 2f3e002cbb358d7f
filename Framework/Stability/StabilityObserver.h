// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexExtensions.h"
#include "Framework/Stability/StabilityTracker.h"

#include <memory>

namespace OrthancRegistry
{
  // Follows what the core of this replica does to the index, and decides in the very transaction of a change
  // whether it is logged: a resource becomes stable by removing its row. Knows three callers, by their
  // threads: this plugin (see StabilityScopes.h), the timer of the core, which never reads, and those who
  // force the status through the SDK, for whom the core looks the resource up in a transaction that only
  // reads. Thread-safe.
  class StabilityObserver : public IResourceObserver
  {
  public:
    StabilityObserver(const StabilityTimes& times, std::shared_ptr<StabilityTracker> tracker);

    void OnInstanceCreated(IndexTransaction& transaction, const InstancePath& path,
                           const CreatedInstance& created) override;
    void OnFind(IndexTransaction& transaction, ResourceLevel level) override;
    bool MayLogChange(IndexTransaction& transaction, int changeType, int64_t resourceId) override;
    bool IsHidden(IndexTransaction& transaction, int64_t resourceId) override;

  private:
    enum class Answer
    {
      Due,
      NotDue,
      Unknown
    };

    Answer Ask(IndexTransaction& transaction, int64_t id, std::chrono::microseconds quiet) const;
    bool IsTimerRight(IndexTransaction& transaction, int64_t id) const;
    void Take(IndexTransaction& transaction, int64_t id) const;

    const StabilityTimes times_;
    const std::shared_ptr<StabilityTracker> tracker_;
  };
}
