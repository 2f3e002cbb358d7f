// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/CoreStability.h"
#include "Framework/Plugin/IPluginPart.h"
#include "Framework/Stability/StabilityObserver.h"
#include "Framework/Stability/StabilityService.h"

namespace OrthancRegistry
{
  // The stable status of patients, studies and series across the cluster
  class SharedStability : public IPluginPart
  {
  public:
    explicit SharedStability(const StabilityConfiguration& configuration);
    ~SharedStability() override;

    std::vector<std::string_view> GetComponents() const override;
    void Open(const PartContext& context) override;
    void Start() override;
    void Stop() override;
    void Close() override;
    void OnChange(OrthancPluginChangeType type, const char* resourceId) override;

    IResourceObserver& GetObserver()
    {
      return observer_;
    }

  private:
    StabilityTimes times_;
    std::shared_ptr<StabilityTracker> tracker_;
    StabilityObserver observer_;
    CoreStability core_;
    std::unique_ptr<IMessageBus> bus_;
    std::unique_ptr<StabilityService> service_;
    std::shared_ptr<PulseQuestions::Asked> question_;
  };
}
