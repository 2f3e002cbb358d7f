// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobsHandler.h"

namespace OrthancRegistry
{
  namespace
  {
    // Where the core answers 200 without doing anything
    bool IsWithoutEffect(const Job& job, const std::string& action)
    {
      return (action == "cancel" && IsEnded(job.state)) ||
             (action == "pause" && (IsEnded(job.state) || job.state == JobState::Paused));
    }

    // What the single action has answered
    BulkOutcome ToOutcome(const HttpAnswer& answer)
    {
      if (answer.status == 200)
      {
        return BulkOutcome::Changed;
      }
      return answer.status < 500 ? BulkOutcome::Refused : BulkOutcome::Failed;
    }
  }

  JobsHandler::JobsHandler(const JobsOptions& options, JobsService& service, IResourceLookup& resources)
      : service_(service), queries_(service, DescribeError), actions_(options, service),
        outputs_(options, service), submit_(options, service, resources),
        cluster_(service,
                 [this](const std::string& action)
                 {
                   return MakeBulkActor(action);
                 })
  {
  }

  HttpAnswer JobsHandler::List(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    return queries_.List(call);
  }

  HttpAnswer JobsHandler::Access(const HttpCall& call)
  {
    const std::string& id = call.groups.at(0);
    switch (call.method)
    {
    case HttpMethod::Get:
      return queries_.Read(call, id);
    case HttpMethod::Delete:
      return actions_.Delete(call, id);
    default:
      return HttpAnswer::NotAllowed("GET,DELETE");
    }
  }

  HttpAnswer JobsHandler::AccessPart(const HttpCall& call)
  {
    const std::string& id = call.groups.at(0);
    const std::string& part = call.groups.at(1);
    const bool isAction = JobActionsHandler::IsAction(part);
    switch (call.method)
    {
    case HttpMethod::Get:
      return outputs_.Get(call, id, part);
    case HttpMethod::Delete:
      return outputs_.Delete(id, part);
    case HttpMethod::Post:
      return isAction ? actions_.Apply(call, id, part) : HttpAnswer::NotAllowed("GET,DELETE");
    case HttpMethod::Put:
      break;
    }
    return HttpAnswer::NotAllowed(isAction ? "GET,POST,DELETE" : "GET,DELETE");
  }

  HttpAnswer JobsHandler::Submit(const HttpCall& call)
  {
    return submit_.Submit(call);
  }

  HttpAnswer JobsHandler::GetReplicas(const HttpCall& call)
  {
    return cluster_.GetReplicas(call);
  }

  HttpAnswer JobsHandler::GetStatistics(const HttpCall& call)
  {
    return cluster_.GetStatistics(call);
  }

  HttpAnswer JobsHandler::ApplyToMany(const HttpCall& call)
  {
    return cluster_.ApplyToJobs(call);
  }

  // As if a client had called the route of each job
  BulkActor JobsHandler::MakeBulkActor(const std::string& action)
  {
    return [this, action](const std::string& id)
    {
      const auto job = service_.Get(id);
      if (!job || IsWithoutEffect(*job, action))
      {
        return BulkOutcome::Refused;
      }
      HttpCall call;
      call.method = action == "delete" ? HttpMethod::Delete : HttpMethod::Post;
      call.path = "/jobs/" + id + (action == "delete" ? "" : "/" + action);
      try
      {
        return ToOutcome(action == "delete" ? actions_.Delete(call, id) : actions_.Apply(call, id, action));
      }
      catch (const RegistryError& error)
      {
        if (GetHttpStatus(static_cast<int>(error.GetCode())) < 500)
        {
          return BulkOutcome::Refused;
        }
        throw;
      }
    };
  }

  HttpAnswer JobsHandler::SubmitListed(const HttpCall& call)
  {
    return submit_.SubmitListed(call);
  }
}
