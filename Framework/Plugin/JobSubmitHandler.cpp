// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobSubmitHandler.h"

#include "Framework/Jobs/JobBody.h"
#include "Framework/Jobs/SubmitStore.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* KEY_HEADER = "idempotency-key";
    constexpr const char* RETRY_AFTER_SECONDS = "10";
    constexpr int SERVICE_UNAVAILABLE = 503;

    // What the body asks for, as far as it is well-formed: it is checked later.
    bool IsAsynchronous(std::string_view text)
    {
      Json::Value body;
      if (!ParseJobBody(body, text, false) || !body.isObject())
      {
        return false;
      }
      return body.isMember("Synchronous") ? body["Synchronous"].isBool() && !body["Synchronous"].asBool()
                                          : body["Asynchronous"].isBool() && body["Asynchronous"].asBool();
    }

    HttpAnswer AnswerId(const std::string& id)
    {
      Json::Value answer = Json::objectValue;
      answer["ID"] = id;
      answer["Path"] = "/jobs/" + id;
      return HttpAnswer::Json(answer);
    }
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
    if (call.FindHeader(KEY_HEADER) != nullptr && IsAsynchronous(call.body))
    {
      if (auto answer = AnswerRepeated(call, call.path))
      {
        return std::move(*answer);
      }
    }

    const std::string body(call.body);
    const CheckedJob checked = validator_.Check(*route, body);
    if (checked.isSynchronous)
    {
      return RunSynchronously(call);
    }
    NewJob job;
    job.type = GetJobType(route->kind);
    job.destination = route->destination;
    job.priority = checked.priority;
    job.userData = checked.userData;
    job.request.uri = call.path;
    job.request.body = body;
    return Enqueue(call, std::move(job));
  }

  // Not checked again: the first one may have changed what the checks look at.
  std::optional<HttpAnswer> JobSubmitHandler::AnswerRepeated(const HttpCall& call, const std::string& uri)
  {
    const std::string* const key = call.FindHeader(KEY_HEADER);
    const auto id = key == nullptr ? std::nullopt : service_.FindByKey(*key, uri);
    return id ? std::make_optional(AnswerId(*id)) : std::nullopt;
  }

  HttpAnswer JobSubmitHandler::Enqueue(const HttpCall& call, NewJob job)
  {
    Json::Value body;
    if (ParseJobBody(body, job.request.body, false))
    {
      job.schedule = ReadJobSchedule(body);
    }
    if (const std::string* const key = call.FindHeader(KEY_HEADER))
    {
      job.requestKey = *key;
    }
    try
    {
      return AnswerId(service_.Submit(job));
    }
    catch (const SubmissionRefused& error)
    {
      HttpAnswer answer =
          options_.FormatFailure({GetName(call.method), call.path, static_cast<int>(error.GetCode()),
                                  error.GetHttpStatus(), error.what(), Json::Value()});
      if (error.GetHttpStatus() == SERVICE_UNAVAILABLE)
      {
        answer.headers["Retry-After"] = RETRY_AFTER_SECONDS;
      }
      return answer;
    }
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
