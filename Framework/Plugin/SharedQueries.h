// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/JobSubmitHandler.h"
#include "Framework/Plugin/QueriesHandler.h"
#include "Framework/Plugin/QueryClient.h"
#include "Framework/Plugin/RestEdge.h"
#include "Framework/Plugin/SharedJobs.h"

namespace OrthancRegistry
{
  // The shared handles of queries: /modalities/{m}/query, and /queries
  class SharedQueries : public IPluginPart
  {
  public:
    // The jobs must outlive this object, and be open whenever it is.
    SharedQueries(const JobsOptions& options, const QueriesConfiguration& configuration, SharedJobs& jobs);
    ~SharedQueries() override;

    std::vector<std::string_view> GetComponents() const override;
    void Open(const PartContext& context) override;
    void Start() override;
    void Stop() override;
    void Close() override;
    void OnChange(OrthancPluginChangeType type, const char* resourceId) override;

  private:
    JobsOptions options_;
    QueriesConfiguration configuration_;
    SharedJobs& jobs_;
    RestEdge<QueriesHandler> edge_;
    QueryClient client_;

    // From Open() to Close()
    std::unique_ptr<JobsCatalog> catalog_;
    std::unique_ptr<ResourceLookup> resources_;
    std::unique_ptr<JobSubmitHandler> submit_;
    std::unique_ptr<QueryStore> store_;
    std::unique_ptr<QueryRetention> retention_;
  };
}
