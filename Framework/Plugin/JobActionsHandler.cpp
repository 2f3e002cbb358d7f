// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobActionsHandler.h"

#include <algorithm>
#include <array>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::array<std::string_view, 4> ACTIONS = {"cancel", "pause", "resume", "resubmit"};

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
  }

  JobActionsHandler::JobActionsHandler(const JobsOptions& options, JobsService& service)
      : options_(options), service_(service)
  {
  }

  bool JobActionsHandler::IsAction(const std::string& name)
  {
    return std::find(ACTIONS.begin(), ACTIONS.end(), name) != ACTIONS.end();
  }

  // The core itself announces no action but the end of a running job
  void JobActionsHandler::AnnounceState(const std::string& localId)
  {
    if (const auto job = core_.GetJob(localId))
    {
      service_.OnCoreJobEvent(job->state == JobState::Success   ? CoreJobEvent::Success
                              : job->state == JobState::Failure ? CoreJobEvent::Failure
                                                                : CoreJobEvent::Submitted,
                              localId);
    }
  }

  HttpAnswer JobActionsHandler::Apply(const HttpCall& call, const std::string& id, const std::string& action)
  {
    const auto job = service_.Get(id);
    if (!job)
    {
      return HttpAnswer::Empty(400);
    }
    if (service_.IsOwn(*job) && job->origin == JobOrigin::Local && core_.GetJob(job->id))
    {
      const auto answer = TryCallCore(HttpMethod::Post, "/jobs/" + job->id + "/" + action);
      AnnounceState(job->id);
      return answer ? HttpAnswer::Json(Json::objectValue) : HttpAnswer::Empty(400);
    }
    if (const auto answer = DecideByState(job->state, action))
    {
      return *answer;
    }
    return RefuseControl(call, *job);
  }

  HttpAnswer JobActionsHandler::Delete(const HttpCall& call, const std::string& id)
  {
    const auto job = service_.Get(id);
    if (!job || !IsEnded(job->state))
    {
      throw RegistryError(ErrorCode::InexistentItem, "There is no completed job of this id: " + id);
    }
    return RefuseControl(call, *job);
  }

  HttpAnswer JobActionsHandler::RefuseControl(const HttpCall& call, const Job& job)
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
