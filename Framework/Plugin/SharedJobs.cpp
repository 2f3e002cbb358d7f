// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/SharedJobs.h"

namespace OrthancRegistry
{
  SharedJobs::SharedJobs(const JobsOptions& options, const JobsConfiguration& configuration)
      : configuration_(configuration), edge_(options)
  {
  }

  SharedJobs::~SharedJobs()
  {
    Close();
  }

  void SharedJobs::Open(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus)
  {
    serverIdentifier_ = identity.serverIdentifier;
    resources_ = std::make_unique<ResourceLookup>(database);
    service_ = std::make_unique<JobsService>(configuration_, identity, database, bus, core_);
    edge_.Open(*service_, *resources_);
  }

  void SharedJobs::Start()
  {
    if (service_)
    {
      service_->Start();
    }
  }

  void SharedJobs::Stop()
  {
    if (service_)
    {
      service_->Stop();
    }
  }

  void SharedJobs::Close()
  {
    if (service_)
    {
      service_->SendWaitersAway();
    }
    edge_.Close();
    service_.reset();
    resources_.reset();
  }

  std::string SharedJobs::FilterSavedJobs(const std::string& server, const std::string& registry)
  {
    return service_ && server == serverIdentifier_ ? service_->FilterSavedJobs(registry) : registry;
  }
}
