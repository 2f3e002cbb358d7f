// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/CommitmentHandler.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Plugin/ReplicaCallRules.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr int NOT_FOUND = 404;

    // Null if the core has no such report
    Json::Value ReadReport(const CoreReply& reply)
    {
      Json::Value report;
      const bool isReport = reply.IsSuccess() && TryParseJson(report, reply.body) && report.isObject() &&
                            report["Status"].isString();
      return isReport ? report : Json::Value();
    }

    bool IsComplete(const Json::Value& report)
    {
      return report.isObject() && report["Status"].asString() != "Pending";
    }
  }

  CommitmentHandler::CommitmentHandler(ReplicaCalls& calls, RemoveInstances removeInstances)
      : calls_(calls), removeInstances_(std::move(removeInstances))
  {
  }

  HttpAnswer CommitmentHandler::Read(const HttpCall& call)
  {
    return call.method == HttpMethod::Get ? HttpAnswer::Json(Find(call.groups.at(0)))
                                          : HttpAnswer::NotAllowed("GET");
  }

  // The core's own route would do the same, but only where the report is.
  HttpAnswer CommitmentHandler::Remove(const HttpCall& call)
  {
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }
    const Json::Value report = Find(call.groups.at(0));
    if (report["Status"].asString() != "Success")
    {
      throw RegistryError(ErrorCode::BadSequenceOfCalls,
                          "Nothing is removed, because the status of the storage commitment report is " +
                              report["Status"].asString());
    }
    for (const Json::Value& instance : report["Success"])
    {
      removeInstances_(instance["SOPInstanceUID"].asString());
    }
    return HttpAnswer::Json(Json::objectValue);
  }

  Json::Value CommitmentHandler::Find(const std::string& transactionUid)
  {
    if (!ReplicaCallRules::IsTransactionUid(transactionUid))
    {
      throw RegistryError(ErrorCode::InexistentItem, "No storage commitment report has such an identifier");
    }
    const CoreReply reply = calls_.CallOwn(ReplicaCallRules::MakeGetCommitment(transactionUid));
    if (reply.errorCode != 0 && reply.status != NOT_FOUND)
    {
      throw RegistryError(static_cast<ErrorCode>(reply.errorCode), reply.error);
    }
    const Json::Value own = ReadReport(reply);
    return IsComplete(own) ? own : FindElsewhere(transactionUid, own);
  }

  Json::Value CommitmentHandler::FindElsewhere(const std::string& transactionUid, const Json::Value& own)
  {
    const auto answers = calls_.CallOthers(ReplicaCallRules::MakeGetCommitment(transactionUid),
                                           [](const CoreReply& reply)
                                           {
                                             return IsComplete(ReadReport(reply));
                                           });
    Json::Value pending = own;
    std::string silent;
    for (const ReplicaAnswer& answer : answers)
    {
      const Json::Value report = answer.reply ? ReadReport(*answer.reply) : Json::Value();
      if (IsComplete(report))
      {
        return report;
      }
      if (report.isObject())
      {
        pending = report;
      }
      else if (!answer.reply || answer.reply->status != NOT_FOUND)
      {
        silent += (silent.empty() ? "" : ", ") + answer.replica.name;
      }
    }
    if (pending.isObject())
    {
      return pending;
    }
    if (!silent.empty())
    {
      throw RegistryError(ErrorCode::DatabaseUnavailable,
                          "The storage commitment report " + transactionUid +
                              " may be known to replicas that do not answer (" + silent +
                              "): try again later");
    }
    throw RegistryError(ErrorCode::InexistentItem,
                        "No replica knows the storage commitment report " + transactionUid);
  }
}
