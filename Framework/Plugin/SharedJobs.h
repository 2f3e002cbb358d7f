// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ResourceLookup.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/IPluginPart.h"
#include "Framework/Plugin/JobsHandler.h"
#include "Framework/Plugin/RestEdge.h"

#include <shared_mutex>

namespace OrthancRegistry
{
  // The shared job registry: /jobs, and the routes that make jobs. OnChange() and FilterSavedJobs() are
  // thread-safe.
  class SharedJobs : public IPluginPart
  {
  public:
    SharedJobs(const JobsOptions& options, const JobsConfiguration& configuration);
    ~SharedJobs() override;

    std::vector<std::string_view> GetComponents() const override;
    void Open(const PartContext& context) override;
    void Start() override;
    void Stop() override;
    void Close() override;
    void OnChange(OrthancPluginChangeType type, const char* resourceId) override;

    // The job registry that a core has saved under its server identifier, without what the shared one owns
    std::string FilterSavedJobs(const std::string& server, const std::string& registry);

    CoreClient& GetCore()
    {
      return core_;
    }

    // Only from Open() to Close()
    JobsService& GetService()
    {
      return *service_;
    }

  private:
    void RegisterRoutes();

    JobsOptions options_;
    JobsConfiguration configuration_;
    RestEdge<JobsHandler> edge_;
    CoreClient core_;
    std::string serverIdentifier_;
    std::unique_ptr<ResourceLookup> resources_;
    std::unique_ptr<IMessageBus> bus_;
    std::shared_mutex mutex_; // shared by the events of the core that use service_
    std::unique_ptr<JobsService> service_;
  };
}
