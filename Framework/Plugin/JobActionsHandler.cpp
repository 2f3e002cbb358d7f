// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobActionsHandler.h"

#include "Framework/Jobs/JobTransitions.h"
#include "Framework/Plugin/RevisionHeaders.h"

namespace OrthancRegistry
{
  JobActionsHandler::JobActionsHandler(const JobsOptions& options, JobsService& service)
      : options_(options), service_(service)
  {
  }

  bool JobActionsHandler::IsAction(const std::string& name)
  {
    return ParseJobAction(name).has_value();
  }

  HttpAnswer JobActionsHandler::Apply(const HttpCall& call, const std::string& id, const std::string& action)
  {
    const auto parsed = ParseJobAction(action);
    if (!parsed)
    {
      return HttpAnswer::Empty(400);
    }
    const ActionAnswer answer = service_.Apply(id, *parsed, ParseIfMatch(call.FindHeader("if-match")));
    switch (answer.kind)
    {
    case ActionAnswer::Kind::Done:
      return HttpAnswer::Json(Json::objectValue);
    case ActionAnswer::Kind::Unknown:
      return HttpAnswer::Empty(400);
    case ActionAnswer::Kind::Refused:
      return answer.details.empty() ? HttpAnswer::Empty(400)
                                    : FormatFailure(call, answer, ErrorCode::BadRequest, 400);
    default:
      return Format(call, answer);
    }
  }

  HttpAnswer JobActionsHandler::Delete(const HttpCall& call, const std::string& id)
  {
    const ActionAnswer answer = service_.Delete(id, ParseIfMatch(call.FindHeader("if-match")));
    switch (answer.kind)
    {
    case ActionAnswer::Kind::Done:
      return HttpAnswer::Empty(200);
    case ActionAnswer::Kind::Unknown:
    case ActionAnswer::Kind::Refused:
      throw RegistryError(ErrorCode::InexistentItem, "There is no completed job of this id: " + id);
    default:
      return Format(call, answer);
    }
  }

  HttpAnswer JobActionsHandler::Format(const HttpCall& call, const ActionAnswer& answer) const
  {
    if (answer.kind == ActionAnswer::Kind::NotAnswered)
    {
      HttpAnswer late = FormatFailure(call, answer, answer.code, 503);
      late.headers["Retry-After"] = "1";
      return late;
    }
    return FormatFailure(call, answer, answer.code, GetHttpStatus(static_cast<int>(answer.code)));
  }

  HttpAnswer JobActionsHandler::FormatFailure(const HttpCall& call, const ActionAnswer& answer,
                                              ErrorCode code, int status) const
  {
    return options_.FormatFailure(
        {GetName(call.method), call.path, static_cast<int>(code), status, answer.details, Json::Value()});
  }
}
