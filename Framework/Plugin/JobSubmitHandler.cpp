// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobSubmitHandler.h"

#include "Framework/Jobs/JobBody.h"
#include "Framework/Plugin/RequestFilter.h"

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
        validator_(resources, catalog_, catalog_, {options.overwriteInstances, options.hasPatients}),
        routes_(options.submitRoutes, options.hasPatients)
  {
  }

  HttpAnswer JobSubmitHandler::Submit(const HttpCall& call)
  {
    return SubmitTo(call.path, call);
  }

  HttpAnswer JobSubmitHandler::SubmitTo(const std::string& uri, const HttpCall& call)
  {
    const auto route = ParseJobRoute(uri);
    if (!route)
    {
      throw RegistryError(ErrorCode::UnknownResource, "Unknown route: " + uri);
    }
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }
    if (call.FindHeader(KEY_HEADER) != nullptr && IsAsynchronous(call.body))
    {
      if (auto answer = AnswerRepeated(call, uri))
      {
        return std::move(*answer);
      }
    }

    const CheckedJob checked = validator_.Check(*route, std::string(call.body));
    return checked.isSynchronous ? RunSynchronously(call, uri) : Enqueue(call, *route, uri, checked);
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
    if (auto answer = AnswerRepeated(call, uri))
    {
      return std::move(*answer);
    }
    return Enqueue(call, *route, uri, validator_.Check(*route, std::string(call.body)));
  }

  HttpAnswer JobSubmitHandler::Enqueue(const HttpCall& call, const JobRoute& route, const std::string& uri,
                                       const CheckedJob& checked)
  {
    NewJob job;
    job.type = GetJobType(route.kind);
    job.destination = route.destination;
    job.priority = checked.priority;
    job.userData = checked.userData;
    job.request = MakeRequest(call, uri);
    Json::Value body;
    if (ParseJobBody(body, job.request.body, false))
    {
      job.schedule = ReadJobSchedule(body);
    }
    if (const std::string* const key = call.FindHeader(KEY_HEADER))
    {
      job.requestKey = *key;
    }
    return Enqueue(call, job);
  }

  // Not checked again: the first one may have changed what the checks look at.
  std::optional<HttpAnswer> JobSubmitHandler::AnswerRepeated(const HttpCall& call, const std::string& uri)
  {
    const std::string* const key = call.FindHeader(KEY_HEADER);
    const auto id = key == nullptr ? std::nullopt : service_.GetSubmissions().FindByKey(*key, uri);
    return id ? std::make_optional(AnswerId(*id)) : std::nullopt;
  }

  HttpAnswer JobSubmitHandler::Enqueue(const HttpCall& call, const NewJob& job)
  {
    try
    {
      return AnswerId(service_.GetSubmissions().Submit(job));
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
      request.user = RequestFilter::ParseBasicUser(*authorization);
    }
    return request;
  }

  HttpAnswer JobSubmitHandler::RunSynchronously(const HttpCall& call, const std::string& uri)
  {
    const CoreJob job = service_.RunLocally(uri, std::string(call.body));
    if (job.state == JobState::Success)
    {
      return HttpAnswer::Json(job.content);
    }
    const int code = job.errorCode == 0 ? static_cast<int>(ErrorCode::InternalError) : job.errorCode;
    return options_.FormatFailure(
        {"POST", call.path, code, GetHttpStatus(code), job.errorDetails, job.errorPayload});
  }
}
