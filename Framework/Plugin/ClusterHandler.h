// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/BulkActions.h"
#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/HttpCall.h"

namespace OrthancRegistry
{
  // What concerns the cluster as a whole: GET /cluster/replicas, GET /cluster/statistics, and POST
  // /cluster/jobs/{cancel|pause|resume|resubmit|delete}. Thread-safe.
  class ClusterHandler
  {
  public:
    // Makes the function that applies "cancel", "pause", ..., or "delete" to one job.
    using MakeActor = std::function<BulkActor(const std::string& action)>;

    // The service must outlive this object.
    ClusterHandler(JobsService& service, MakeActor makeActor);

    HttpAnswer GetReplicas(const HttpCall& call);
    HttpAnswer GetStatistics(const HttpCall& call);
    HttpAnswer ApplyToJobs(const HttpCall& call); // its first group is the action

  private:
    JobsService& service_;
    MakeActor makeActor_;
  };
}
