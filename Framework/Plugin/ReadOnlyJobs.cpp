// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/ReadOnlyJobs.h"

namespace OrthancRegistry
{
  ReadOnlyJobs::ReadOnlyJobs(const JobsOptions& options, const JobsConfiguration& configuration)
      : options_(options), configuration_(configuration)
  {
    edge_.Register<&ReadOnlyJobsHandler::List>("/jobs");
    edge_.Register<&ReadOnlyJobsHandler::Access>("/jobs/([^/]+)");
    edge_.Register<&ReadOnlyJobsHandler::AccessPart>("/jobs/([^/]+)/([^/]+)");
    edge_.Register<&ReadOnlyJobsHandler::GetReplicas>("/cluster/replicas");
    edge_.Register<&ReadOnlyJobsHandler::GetStatistics>("/cluster/statistics");
    edge_.Register<&ReadOnlyJobsHandler::Refuse>("/cluster/jobs/(cancel|pause|resume|resubmit|delete)");
    edge_.Register<&ReadOnlyJobsHandler::Refuse>("/cluster/submit/(.+)");
  }

  ReadOnlyJobs::~ReadOnlyJobs()
  {
    Close();
  }

  std::vector<std::string_view> ReadOnlyJobs::GetComponents() const
  {
    return {"Jobs"};
  }

  void ReadOnlyJobs::Open(const PartContext& context)
  {
    bus_ = context.hub.MakeChannel();
    service_ = std::make_unique<JobsService>(configuration_, context.identity, context.database, *bus_, core_,
                                             context.questions);
    edge_.Open(std::make_unique<ReadOnlyJobsHandler>(options_, *service_));
  }

  void ReadOnlyJobs::Start()
  {
  }

  void ReadOnlyJobs::Stop()
  {
    service_->SendWaitersAway();
  }

  void ReadOnlyJobs::Close()
  {
    if (service_)
    {
      service_->SendWaitersAway();
    }
    edge_.Close();
    service_.reset();
    bus_.reset();
  }

  void ReadOnlyJobs::OnChange(OrthancPluginChangeType /*type*/, const char* /*resourceId*/)
  {
  }
}
