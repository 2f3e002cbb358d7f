// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobSubmitHandler.h"

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
        validator_(resources, catalog_, catalog_, {options.overwriteInstances, options.hasPatients})
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

    const std::string body(call.body);
    const CheckedJob checked = validator_.Check(*route, body);
    if (checked.isSynchronous)
    {
      return RunSynchronously(call);
    }
    if (body.size() > MAXIMUM_BODY_SIZE)
    {
      return options_.FormatFailure({"POST", call.path, static_cast<int>(ErrorCode::ParameterOutOfRange), 413,
                                     "The body of an asynchronous job may have 16 MiB at most",
                                     Json::Value()});
    }

    NewJob job;
    job.type = GetJobType(route->kind);
    job.destination = route->destination;
    job.priority = checked.priority;
    job.userData = checked.userData;
    job.request.uri = call.path;
    job.request.body = body;
    const std::string id = service_.Submit(job);

    Json::Value answer = Json::objectValue;
    answer["ID"] = id;
    answer["Path"] = "/jobs/" + id;
    return HttpAnswer::Json(answer);
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
