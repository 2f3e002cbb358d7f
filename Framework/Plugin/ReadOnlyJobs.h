// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/IPluginPart.h"
#include "Framework/Plugin/ReadOnlyJobsHandler.h"
#include "Framework/Plugin/RestEdge.h"

namespace OrthancRegistry
{
  // The shared job registry in an Orthanc with the option "ReadOnly": it is shown. This server is none of
  // the replicas, writes nothing, and runs none of the jobs.
  class ReadOnlyJobs : public IPluginPart
  {
  public:
    ReadOnlyJobs(const JobsOptions& options, const JobsConfiguration& configuration);
    ~ReadOnlyJobs() override;

    std::vector<std::string_view> GetComponents() const override;
    void Open(const PartContext& context) override;
    void Start() override;
    void Stop() override;
    void Close() override;
    void OnChange(OrthancPluginChangeType type, const char* resourceId) override;

  private:
    const JobsOptions options_;
    const JobsConfiguration configuration_;
    RestEdge<ReadOnlyJobsHandler> edge_;
    CoreClient core_;
    std::unique_ptr<IMessageBus> bus_; // never started
    std::unique_ptr<JobsService> service_;
  };
}
