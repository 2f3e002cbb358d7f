// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/SharedJobs.h"

#include <mutex>

namespace OrthancRegistry
{
  namespace
  {
    std::optional<CoreJobEvent> GetJobEvent(OrthancPluginChangeType type)
    {
      switch (type)
      {
      case OrthancPluginChangeType_JobSubmitted:
        return CoreJobEvent::Submitted;
      case OrthancPluginChangeType_JobSuccess:
        return CoreJobEvent::Success;
      case OrthancPluginChangeType_JobFailure:
        return CoreJobEvent::Failure;
      default:
        return std::nullopt;
      }
    }

    JobsOptions Complete(JobsOptions options, const JobsConfiguration& configuration)
    {
      options.submitRoutes = configuration.submitRoutes;
      return options;
    }
  }

  SharedJobs::SharedJobs(const JobsOptions& options, const JobsConfiguration& configuration)
      : options_(Complete(options, configuration)), configuration_(configuration)
  {
    RegisterRoutes();
  }

  SharedJobs::~SharedJobs()
  {
    Close();
  }

  void SharedJobs::RegisterRoutes()
  {
    edge_.Register<&JobsHandler::List>("/jobs");
    edge_.Register<&JobsHandler::Access>("/jobs/([^/]+)");
    edge_.Register<&JobsHandler::AccessPart>("/jobs/([^/]+)/([^/]+)");
    edge_.Register<&JobsHandler::GetReplicas>("/cluster/replicas");
    edge_.Register<&JobsHandler::GetStatistics>("/cluster/statistics");
    edge_.Register<&JobsHandler::ApplyToMany>("/cluster/jobs/(cancel|pause|resume|resubmit|delete)");
    edge_.Register<&JobsHandler::SubmitListed>("/cluster/submit/(.+)");
    for (const auto& pattern : GetJobRoutePatterns(options_.hasPatients))
    {
      edge_.Register<&JobsHandler::Submit>(pattern);
    }
  }

  std::vector<std::string_view> SharedJobs::GetComponents() const
  {
    return {"Jobs"};
  }

  void SharedJobs::Open(const PartContext& context)
  {
    serverIdentifier_ = context.identity.serverIdentifier;
    resources_ = std::make_unique<ResourceLookup>(context.database);
    bus_ = context.hub.MakeChannel();
    {
      const std::unique_lock lock(mutex_);
      service_ = std::make_unique<JobsService>(configuration_, context.identity, context.database, *bus_,
                                               core_, context.questions);
    }
    edge_.Open(std::make_unique<JobsHandler>(options_, *service_, *resources_));
  }

  void SharedJobs::Start()
  {
    service_->Start();
  }

  void SharedJobs::Stop()
  {
    service_->Stop();
  }

  void SharedJobs::Close()
  {
    if (service_)
    {
      service_->SendWaitersAway();
    }
    edge_.Close();
    {
      const std::unique_lock lock(mutex_);
      service_.reset();
    }
    bus_.reset();
    resources_.reset();
  }

  void SharedJobs::OnChange(OrthancPluginChangeType type, const char* resourceId)
  {
    const auto event = GetJobEvent(type);
    if (!event || resourceId == nullptr)
    {
      return;
    }
    const std::shared_lock lock(mutex_);
    if (service_)
    {
      service_->OnCoreJobEvent(*event, resourceId);
    }
  }

  std::string SharedJobs::FilterSavedJobs(const std::string& server, const std::string& registry)
  {
    return service_ && server == serverIdentifier_ ? service_->FilterSavedJobs(registry) : registry;
  }
}
