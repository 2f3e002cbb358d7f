// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobsHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Jobs/JobFormat.h"
#include "Framework/Plugin/PluginContext.h"

#include <array>
#include <chrono>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_BODY_SIZE =
        size_t{16} * 1024 * 1024; // of a queued job: it is kept in the database

    constexpr std::array<std::string_view, 4> ACTIONS = {"cancel", "pause", "resume", "resubmit"};

    std::string DescribeError(int code)
    {
      const char* text =
          OrthancPluginGetErrorDescription(PluginContext::Get(), static_cast<OrthancPluginErrorCode>(code));
      return text == nullptr ? "Unknown error code" : text;
    }

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

    // What the core's table of transitions makes of an action without asking the job, if it does
    std::optional<HttpAnswer> DecideByState(JobState state, const std::string& action)
    {
      if (action == "resume" || action == "resubmit")
      {
        const JobState from = action == "resume" ? JobState::Paused : JobState::Failure;
        return state == from ? std::nullopt : std::make_optional(HttpAnswer::Empty(400));
      }
      if (IsEnded(state) || (action == "pause" && state == JobState::Paused))
      {
        return HttpAnswer::Json(Json::objectValue);
      }
      return std::nullopt;
    }

    bool HasOutputs(const Job& job)
    {
      return job.origin == JobOrigin::Local && (job.type == "Archive" || job.type == "Media");
    }

    void CopyHeader(HttpAnswer& target, const char* name, const CoreAnswer& source, const char* lowerCaseName)
    {
      const auto found = source.headers.find(lowerCaseName);
      if (found != source.headers.end())
      {
        target.headers[name] = found->second;
      }
    }

    RegistryError UnknownOutput(const std::string& key)
    {
      return {ErrorCode::InexistentItem, "The job has no such output: " + key};
    }

    RegistryError UnknownJob(const std::string& id)
    {
      return {ErrorCode::InexistentItem, "There is no completed job of this id: " + id};
    }
  }

  HttpAnswer HttpAnswer::Json(const Json::Value& value, int status)
  {
    HttpAnswer answer;
    answer.status = status;
    answer.body = WriteStyledJson(value);
    answer.headers["Content-Type"] = "application/json";
    return answer;
  }

  HttpAnswer HttpAnswer::Empty(int status)
  {
    HttpAnswer answer;
    answer.status = status;
    return answer;
  }

  HttpAnswer HttpAnswer::NotAllowed(const std::string& allowedMethods)
  {
    HttpAnswer answer;
    answer.status = 405;
    answer.allowedMethods = allowedMethods;
    return answer;
  }

  JobsOptions JobsOptions::Read(const Json::Value& configuration)
  {
    const auto readBoolean = [&](const char* option, bool defaultValue)
    {
      return configuration[option].isBool() ? configuration[option].asBool() : defaultValue;
    };
    JobsOptions options;
    options.describeErrors = readBoolean("HttpDescribeErrors", true);
    options.hasPatients = readBoolean("PatientLevelEnabled", true);
    options.overwriteInstances = readBoolean("OverwriteInstances", false);
    if (configuration["OverwriteInstances"].isString())
    {
      options.overwriteInstances = configuration["OverwriteInstances"].asString() != "Never";
    }
    options.dictionary = configuration["Dictionary"];
    return options;
  }

  JobsHandler::JobsHandler(const JobsOptions& options, JobsService& service, IResourceLookup& resources)
      : options_(options), service_(service), catalog_(options.dictionary),
        validator_(resources, catalog_, catalog_, {options.overwriteInstances, options.hasPatients})
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

  HttpAnswer JobsHandler::Access(const HttpCall& call, const std::string& id)
  {
    if (call.method != HttpMethod::Get && call.method != HttpMethod::Delete)
    {
      return HttpAnswer::NotAllowed("GET,DELETE");
    }
    const auto job = service_.Get(id);
    if (call.method == HttpMethod::Get)
    {
      return job ? HttpAnswer::Json(Format(*job)) : HttpAnswer::Empty(404);
    }
    if (!job || !IsEnded(job->state))
    {
      throw UnknownJob(id);
    }
    return RefuseControl(call, *job);
  }

  HttpAnswer JobsHandler::AccessPart(const HttpCall& call, const std::string& id, const std::string& part)
  {
    const bool isAction = std::find(ACTIONS.begin(), ACTIONS.end(), part) != ACTIONS.end();
    switch (call.method)
    {
    case HttpMethod::Get:
    case HttpMethod::Delete:
      return AccessOutput(call, id, part);
    case HttpMethod::Post:
      return isAction ? ApplyAction(call, id, part) : HttpAnswer::NotAllowed("GET,DELETE");
    case HttpMethod::Put:
      break;
    }
    return HttpAnswer::NotAllowed(isAction ? "GET,POST,DELETE" : "GET,DELETE");
  }

  // The id of the job in the own core, if it is one of its local jobs and the core still remembers it
  std::optional<std::string> JobsHandler::FindInOwnCore(const Job& job)
  {
    if (job.origin != JobOrigin::Local || !service_.IsOwn(job))
    {
      return std::nullopt;
    }
    const std::string& localId = job.localId.empty() ? job.id : job.localId;
    return core_.GetJob(localId) ? std::make_optional(localId) : std::nullopt;
  }

  // The core itself announces no action but the end of a running job
  void JobsHandler::AnnounceState(const std::string& localId)
  {
    if (const auto job = core_.GetJob(localId))
    {
      service_.OnCoreJobEvent(job->state == JobState::Success   ? CoreJobEvent::Success
                              : job->state == JobState::Failure ? CoreJobEvent::Failure
                                                                : CoreJobEvent::Submitted,
                              localId);
    }
  }

  HttpAnswer JobsHandler::ApplyAction(const HttpCall& call, const std::string& id, const std::string& action)
  {
    const auto job = service_.Get(id);
    if (!job)
    {
      return HttpAnswer::Empty(400);
    }
    if (const auto localId = FindInOwnCore(*job))
    {
      const auto answer = TryCallCore(HttpMethod::Post, "/jobs/" + *localId + "/" + action);
      AnnounceState(*localId);
      return answer ? HttpAnswer::Json(Json::objectValue) : HttpAnswer::Empty(400);
    }
    if (const auto answer = DecideByState(job->state, action))
    {
      return *answer;
    }
    return RefuseControl(call, *job);
  }

  HttpAnswer JobsHandler::AccessOutput(const HttpCall& call, const std::string& id, const std::string& key)
  {
    const auto job = service_.Get(id);
    if (!job || job->state != JobState::Success)
    {
      throw UnknownOutput(key);
    }
    if (const auto localId = FindInOwnCore(*job))
    {
      const CoreAnswer answer = CallCore(call.method, "/jobs/" + *localId + "/" + key);
      HttpAnswer target = HttpAnswer::Empty(answer.status);
      target.body = answer.body;
      CopyHeader(target, "Content-Type", answer, "content-type");
      CopyHeader(target, "Content-Disposition", answer, "content-disposition");
      return target;
    }
    if (!HasOutputs(*job) || service_.IsOwn(*job))
    {
      throw UnknownOutput(key);
    }
    return RefuseControl(call, *job);
  }

  HttpAnswer JobsHandler::Submit(const HttpCall& call)
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
      return FormatFailure({"POST", call.path, static_cast<int>(ErrorCode::ParameterOutOfRange), 413,
                            "The body of an asynchronous job may have 16 MiB at most", Json::Value()});
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

  HttpAnswer JobsHandler::RunSynchronously(const HttpCall& call)
  {
    const CoreJob job = service_.RunLocally(call.path, std::string(call.body));
    if (job.state == JobState::Success)
    {
      return HttpAnswer::Json(job.content);
    }
    const int code = job.errorCode == 0 ? static_cast<int>(ErrorCode::InternalError) : job.errorCode;
    return FormatFailure({"POST", call.path, code, GetHttpStatus(code), job.errorDetails, job.errorPayload});
  }

  HttpAnswer JobsHandler::FormatFailure(const FailedCall& failure)
  {
    return options_.describeErrors ? HttpAnswer::Json(FormatError(failure, DescribeError), failure.status)
                                   : HttpAnswer::Empty(failure.status);
  }

  HttpAnswer JobsHandler::RefuseControl(const HttpCall& call, const Job& job)
  {
    FailedCall failure;
    failure.method = GetName(call.method);
    failure.uri = call.path;
    failure.errorCode = static_cast<int>(ErrorCode::NotImplemented);
    failure.status = 501;
    failure.details =
        "This version of the plugin cannot do this to a job of the shared registry: only to the "
        "local jobs of the replica that is asked";
    Json::Value body = FormatError(failure, DescribeError);
    body["Replica"] = job.replica;
    return HttpAnswer::Json(body, failure.status);
  }
}
