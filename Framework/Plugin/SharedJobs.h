// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ResourceLookup.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/JobsEdge.h"

namespace OrthancRegistry
{
  // The shared job registry within the life of an index plugin: its routes exist from
  // OrthancPluginInitialize() on, the registry itself from OPEN to CLOSE. Not thread-safe, except for
  // OnChange() and FilterSavedJobs().
  class SharedJobs
  {
  public:
    // Registers the routes: to be constructed in OrthancPluginInitialize().
    SharedJobs(const JobsOptions& options, const JobsConfiguration& configuration);
    ~SharedJobs();

    // Once the schema has been migrated. Database and bus must live until Close().
    void Open(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus);
    void Start(); // OrthancStarted
    void Stop();  // OrthancStopped
    void Close();

    void OnChange(OrthancPluginChangeType type, const char* resourceId)
    {
      edge_.OnChange(type, resourceId);
    }

    // The job registry that a core has saved under its server identifier, without what the shared one owns
    std::string FilterSavedJobs(const std::string& server, const std::string& registry);

  private:
    JobsConfiguration configuration_;
    JobsEdge edge_;
    CoreClient core_;
    std::string serverIdentifier_;
    std::unique_ptr<ResourceLookup> resources_;
    std::unique_ptr<JobsService> service_;
  };
}
