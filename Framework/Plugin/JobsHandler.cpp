// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobsHandler.h"

#include "Framework/Jobs/JobFormat.h"

#include <chrono>

namespace OrthancRegistry
{
  namespace
  {
    Timestamp GetNow()
    {
      return std::chrono::duration_cast<std::chrono::microseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
          .count();
    }

    Json::Value Format(const Job& job)
    {
      return FormatJob(job, GetNow(), DescribeError);
    }

    // As the core reads a Boolean argument of GET: absent, empty, or one of four words
    bool IsExpanded(const HttpCall& call)
    {
      const auto found = call.arguments.find("expand");
      if (found == call.arguments.end())
      {
        return false;
      }
      const std::string& value = found->second;
      if (value.empty() || value == "1" || value == "true")
      {
        return true;
      }
      if (value == "0" || value == "false")
      {
        return false;
      }
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "The argument \"expand\" is not a Boolean: " + value);
    }
  }

  JobsHandler::JobsHandler(const JobsOptions& options, JobsService& service, IResourceLookup& resources)
      : service_(service), actions_(options, service), outputs_(options, service),
        submit_(options, service, resources)
  {
  }

  HttpAnswer JobsHandler::List(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    Json::Value answer = Json::arrayValue;
    if (IsExpanded(call))
    {
      for (const auto& job : service_.GetAll())
      {
        answer.append(Format(job));
      }
    }
    else
    {
      for (const auto& id : service_.GetIds())
      {
        answer.append(id);
      }
    }
    return HttpAnswer::Json(answer);
  }

  HttpAnswer JobsHandler::Access(const HttpCall& call)
  {
    const std::string& id = call.groups.at(0);
    switch (call.method)
    {
    case HttpMethod::Get:
      return Read(id);
    case HttpMethod::Delete:
      return actions_.Delete(call, id);
    default:
      return HttpAnswer::NotAllowed("GET,DELETE");
    }
  }

  HttpAnswer JobsHandler::Read(const std::string& id)
  {
    const auto job = service_.Get(id);
    return job ? HttpAnswer::Json(Format(*job)) : HttpAnswer::Empty(404);
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
      return outputs_.Delete(call, id, part);
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

  HttpAnswer JobsHandler::SubmitListed(const HttpCall& call)
  {
    return submit_.SubmitListed(call);
  }
}
