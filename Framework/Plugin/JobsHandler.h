// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/ClusterHandler.h"
#include "Framework/Plugin/JobActionsHandler.h"
#include "Framework/Plugin/JobOutputsHandler.h"
#include "Framework/Plugin/JobQueryHandler.h"
#include "Framework/Plugin/JobSubmitHandler.h"

namespace OrthancRegistry
{
  // The answers to /jobs, /cluster and below: which handler serves which method of which route. Thread-safe;
  // for threads of normal stack size only, like all handlers. Errors that the core would describe by itself
  // are thrown as RegistryError.
  class JobsHandler
  {
  public:
    // The references must outlive this object.
    JobsHandler(const JobsOptions& options, JobsService& service, IResourceLookup& resources);

    HttpAnswer List(const HttpCall& call);       // /jobs
    HttpAnswer Access(const HttpCall& call);     // /jobs/{id}
    HttpAnswer AccessPart(const HttpCall& call); // /jobs/{id}/{action or key of an output}
    HttpAnswer Submit(const HttpCall& call);     // routes that make jobs

    HttpAnswer GetReplicas(const HttpCall& call);   // /cluster/replicas
    HttpAnswer GetStatistics(const HttpCall& call); // /cluster/statistics
    HttpAnswer ApplyToMany(const HttpCall& call);   // /cluster/jobs/{action}

  private:
    BulkActor MakeBulkActor(const std::string& action);

    JobsService& service_;
    JobQueryHandler queries_;
    JobActionsHandler actions_;
    JobOutputsHandler outputs_;
    JobSubmitHandler submit_;
    ClusterHandler cluster_;
  };
}
