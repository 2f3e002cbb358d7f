// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobSubmitHandler.h"

#include "Framework/Plugin/RequestOrigin.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_BODY_SIZE =
        size_t{16} * 1024 * 1024; // of a queued job: it is kept in the database
  }

  JobSubmitHandler::JobSubmitHandler(const JobsOptions& options, JobsService& service,
                                     IResourceLookup& resources)
      : options_(options), service_(service), catalog_(options.dictionary),
        validator_(resources, catalog_, catalog_, {options.overwriteInstances, options.hasPatients}),
        routes_(options.submitRoutes, options.hasPatients)
  {
  }

  HttpAnswer JobSubmitHandler::Submit(const HttpCall& call)
  {
    const auto route = ParseJobRoute(call.path);
    if (!route)
    {
      throw RegistryError(ErrorCode::UnknownResource, "Unknown route: " + call.path);
    }
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }

    const CheckedJob checked = validator_.Check(*route, std::string(call.body));
    return checked.isSynchronous ? RunSynchronously(call) : Enqueue(call, *route, call.path, checked);
  }

  HttpAnswer JobSubmitHandler::SubmitListed(const HttpCall& call)
  {
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }
    const std::string uri = "/" + call.groups.at(0);
    const auto route = routes_.Find(uri);
    if (!route)
    {
      throw RegistryError(ErrorCode::ForbiddenAccess,
                          "Only routes that make jobs can be submitted, and those of plugins that the option"
                          " \"Registry.SubmitRoutes\" lists");
    }
    return Enqueue(call, *route, uri, validator_.Check(*route, std::string(call.body)));
  }

  HttpAnswer JobSubmitHandler::Enqueue(const HttpCall& call, const JobRoute& route, const std::string& uri,
                                       const CheckedJob& checked)
  {
    if (call.body.size() > MAXIMUM_BODY_SIZE)
    {
      return options_.FormatFailure({"POST", call.path, static_cast<int>(ErrorCode::ParameterOutOfRange), 413,
                                     "The body of an asynchronous job may have 16 MiB at most",
                                     Json::Value()});
    }

    NewJob job;
    job.type = GetJobType(route.kind);
    job.destination = route.destination;
    job.priority = checked.priority;
    job.userData = checked.userData;
    job.request = MakeRequest(call, uri);
    const std::string id = service_.Submit(job);

    Json::Value answer = Json::objectValue;
    answer["ID"] = id;
    answer["Path"] = "/jobs/" + id;
    return HttpAnswer::Json(answer);
  }

  JobRequest JobSubmitHandler::MakeRequest(const HttpCall& call, const std::string& uri) const
  {
    JobRequest request;
    request.uri = uri;
    request.body = call.body;
    request.remoteIp = call.remoteIp;
    request.submittedAt = service_.GetIdentity().serverIdentifier;
    const std::string* const authorization = call.FindHeader("authorization");
    if (options_.isAuthenticationEnabled && authorization != nullptr) // the core has checked it then
    {
      request.user = RequestOrigin::ParseBasicUser(*authorization);
    }
    return request;
  }

  HttpAnswer JobSubmitHandler::RunSynchronously(const HttpCall& call)
  {
    const CoreJob job = service_.RunLocally(call.path, std::string(call.body));
    if (job.state == JobState::Success)
    {
      return HttpAnswer::Json(job.content);
    }
    const int code = job.errorCode == 0 ? static_cast<int>(ErrorCode::InternalError) : job.errorCode;
    return options_.FormatFailure(
        {"POST", call.path, code, GetHttpStatus(code), job.errorDetails, job.errorPayload});
  }
}
