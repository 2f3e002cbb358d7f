// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/ToolsHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Plugin/ReplicaCallRules.h"

#include <algorithm>
#include <tuple>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int METHOD_NOT_ALLOWED = 405;
    constexpr int REQUEST_TOO_LARGE = 413;
    constexpr int SOME_REFUSED = 500;
    constexpr int SOME_SILENT = 503;

    Json::Value GetValue(const CoreReply& reply)
    {
      Json::Value value;
      const bool isJson =
          reply.contentType.starts_with("application/json") && TryParseJson(value, reply.body);
      return isJson ? value : Json::Value(reply.body);
    }

    Json::Value Format(const ReplicaAnswer& answer)
    {
      Json::Value json = Json::objectValue;
      json["Name"] = answer.replica.name;
      json["ServerIdentifier"] = answer.replica.serverIdentifier;
      json["Incarnation"] = answer.replica.incarnation;
      if (!answer.reply)
      {
        json["Error"] = answer.hasBegun ? "No answer in time: whether it was carried out is not known"
                                        : "No answer in time: it was not carried out, and will not be";
        return json;
      }
      json["HttpStatus"] = answer.reply->status;
      if (answer.reply->IsSuccess())
      {
        json["Answer"] = GetValue(*answer.reply);
      }
      else
      {
        json["Error"] = answer.reply->error.empty() ? "Refused" : answer.reply->error;
      }
      return json;
    }

    HttpAnswer Repeat(const CoreReply& reply)
    {
      HttpAnswer answer = HttpAnswer::Empty(reply.status);
      answer.body = reply.body;
      if (!reply.contentType.empty())
      {
        answer.headers["Content-Type"] = reply.contentType;
      }
      return answer;
    }

    HttpAnswer Report(const std::vector<ReplicaAnswer>& answers)
    {
      Json::Value report = Json::objectValue;
      Json::Value& replicas = report["Replicas"] = Json::arrayValue;
      unsigned int failed = 0;
      int status = 200;
      for (const ReplicaAnswer& answer : answers)
      {
        replicas.append(Format(answer));
        if (!answer.reply || !answer.reply->IsSuccess())
        {
          failed++;
          status = std::max(status, answer.reply ? SOME_REFUSED : SOME_SILENT);
        }
      }
      report["Failed"] = failed;
      return HttpAnswer::Json(report, status);
    }
  }

  ToolsHandler::ToolsHandler(const JobsOptions& options, ReplicaCalls& calls)
      : options_(options), calls_(calls)
  {
  }

  HttpAnswer ToolsHandler::Access(const HttpCall& call)
  {
    const std::string& name = call.groups.at(0);
    if (!ReplicaCallRules::IsSetting(name))
    {
      throw RegistryError(ErrorCode::UnknownResource, "There is no setting for all replicas with this name");
    }
    return call.method == HttpMethod::Get ? ApplyToAll(ReplicaCallRules::MakeGetSetting(name), Form::Report)
                                          : Put(call, Form::Report);
  }

  HttpAnswer ToolsHandler::Change(const HttpCall& call)
  {
    if (!ReplicaCallRules::IsWritable(call.groups.at(0)))
    {
      throw RegistryError(ErrorCode::UnknownResource, "There is no setting for all replicas with this name");
    }
    return call.method == HttpMethod::Put ? Put(call, Form::OneCore) : HttpAnswer::NotAllowed("PUT");
  }

  HttpAnswer ToolsHandler::Put(const HttpCall& call, Form form)
  {
    const std::string& name = call.groups.at(0);
    if (call.method != HttpMethod::Put || !ReplicaCallRules::IsWritable(name))
    {
      return HttpAnswer::NotAllowed(ReplicaCallRules::IsWritable(name) ? "GET,PUT" : "GET");
    }
    if (call.body.size() > MAXIMUM_VALUE_SIZE)
    {
      return options_.FormatFailure({GetName(call.method), call.path,
                                     static_cast<int>(ErrorCode::ParameterOutOfRange), REQUEST_TOO_LARGE,
                                     "The value of a setting is at most 64 KiB long", Json::Value()});
    }
    return ApplyToAll(ReplicaCallRules::MakePutSetting(name, call.body), form);
  }

  HttpAnswer ToolsHandler::ApplyToAll(const CoreRequest& request, Form form)
  {
    const CoreReply own = calls_.CallOwn(request);
    if (own.errorCode != 0)
    {
      throw RegistryError(static_cast<ErrorCode>(own.errorCode), own.error);
    }
    if (!own.IsSuccess())
    {
      return own.status == METHOD_NOT_ALLOWED ? HttpAnswer::NotAllowed("GET") : HttpAnswer::Empty(own.status);
    }
    std::vector<ReplicaAnswer> answers = calls_.CallOthers(request);
    answers.push_back({calls_.GetIdentity(), true, own});
    std::sort(answers.begin(), answers.end(),
              [](const ReplicaAnswer& a, const ReplicaAnswer& b)
              {
                return std::tie(a.replica.name, a.replica.incarnation) <
                       std::tie(b.replica.name, b.replica.incarnation);
              });
    HttpAnswer report = Report(answers);
    return form == Form::OneCore && report.status == 200 ? Repeat(own) : report;
  }
}
