// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/ClusterHandler.h"

namespace OrthancRegistry
{
  ClusterHandler::ClusterHandler(JobsService& service, MakeActor makeActor)
      : service_(service), makeActor_(std::move(makeActor))
  {
  }

  HttpAnswer ClusterHandler::GetReplicas(const HttpCall& call)
  {
    return call.method == HttpMethod::Get ? HttpAnswer::Json(service_.GetStatistics().GetReplicas())
                                          : HttpAnswer::NotAllowed("GET");
  }

  HttpAnswer ClusterHandler::GetStatistics(const HttpCall& call)
  {
    return call.method == HttpMethod::Get ? HttpAnswer::Json(service_.GetStatistics().GetStatistics())
                                          : HttpAnswer::NotAllowed("GET");
  }

  HttpAnswer ClusterHandler::ApplyToJobs(const HttpCall& call)
  {
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }
    const JobFilter filter = ParseBulkFilter(call.body);
    const BulkResult result = ApplyToMany(service_.GetReader(), filter, makeActor_(call.groups.at(0)),
                                          [this]
                                          {
                                            return service_.IsStopping();
                                          });
    return HttpAnswer::Json(result.Format());
  }
}
