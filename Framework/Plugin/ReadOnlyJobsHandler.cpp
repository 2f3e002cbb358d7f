// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/ReadOnlyJobsHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Jobs/JobFormat.h"
#include "Framework/Jobs/JobTransitions.h"
#include "Framework/Plugin/BooleanArgument.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/HttpFileName.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr int NOT_FOUND = 404;

    [[noreturn]] void ThrowReadOnly()
    {
      throw RegistryError(ErrorCode::ForbiddenAccess,
                          "This Orthanc only reads (option \"ReadOnly\"): ask one that writes");
    }

    Json::Value Redact(Json::Value job)
    {
      if (job.isObject() && job["Type"].isString())
      {
        job["Content"] = RedactContent(job["Type"].asString(), job["Content"]);
      }
      return job;
    }

    // Of the own core: ids, or whole jobs
    Json::Value ListAtCore(bool isExpanded)
    {
      const auto answer = TryCallCore(HttpMethod::Get, isExpanded ? "/jobs?expand" : "/jobs");
      Json::Value jobs = Json::arrayValue;
      if (answer)
      {
        for (const Json::Value& job : ParseJson(answer->body))
        {
          jobs.append(Redact(job));
        }
      }
      return jobs;
    }
  }

  std::string InsertFirst(std::string_view array, const Json::Value& elements)
  {
    const size_t begin = array.find('[');
    if (begin == std::string_view::npos || elements.empty())
    {
      return std::string(array);
    }
    std::string text = WriteJson(elements);
    text.resize(text.rfind(']'));
    const std::string_view rest = array.substr(begin + 1);
    const size_t next = rest.find_first_not_of(" \t\r\n");
    const bool isEmpty = next != std::string_view::npos && rest[next] == ']';
    return text + (isEmpty ? "" : ",") + std::string(rest);
  }

  ReadOnlyJobsHandler::ReadOnlyJobsHandler(const JobsOptions& options, JobsService& service)
      : service_(service), queries_(service, DescribeError), outputs_(options, service),
        cluster_(service,
                 [](const std::string& /*action*/) -> BulkActor
                 {
                   ThrowReadOnly();
                 })
  {
  }

  // Those of the own core come first, unless something else than all jobs is asked for.
  HttpAnswer ReadOnlyJobsHandler::List(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    HttpAnswer answer = queries_.List(call);
    const bool isAll =
        call.arguments.empty() || (call.arguments.size() == 1 && call.arguments.begin()->first == "expand");
    if (!isAll)
    {
      return answer;
    }
    const Json::Value own = ListAtCore(ReadBooleanArgument(call, "expand"));
    if (!answer.stream)
    {
      answer.body = InsertFirst(answer.body, own);
      return answer;
    }
    answer.stream = [own, stream = answer.stream](const HttpAnswer::SendChunk& send)
    {
      bool isFirst = true;
      stream(
          [&](std::string_view chunk)
          {
            send(isFirst ? InsertFirst(chunk, own) : chunk);
            isFirst = false;
          });
    };
    return answer;
  }

  HttpAnswer ReadOnlyJobsHandler::Access(const HttpCall& call)
  {
    const std::string& id = call.groups.at(0);
    if (call.method == HttpMethod::Get)
    {
      HttpAnswer answer = queries_.Read(call, id);
      return answer.status == NOT_FOUND ? GetAtCore(id) : answer;
    }
    if (call.method != HttpMethod::Delete)
    {
      return HttpAnswer::NotAllowed("GET,DELETE");
    }
    if (IsShared(id))
    {
      ThrowReadOnly();
    }
    if (!TryCallCore(HttpMethod::Delete, "/jobs/" + id))
    {
      throw RegistryError(ErrorCode::InexistentItem, "There is no completed job of this id: " + id);
    }
    return HttpAnswer::Empty(200);
  }

  HttpAnswer ReadOnlyJobsHandler::AccessPart(const HttpCall& call)
  {
    const std::string& id = call.groups.at(0);
    const std::string& part = call.groups.at(1);
    const bool isAction = ParseJobAction(part).has_value();
    if (call.method == HttpMethod::Put || (call.method == HttpMethod::Post && !isAction))
    {
      return HttpAnswer::NotAllowed(isAction ? "GET,POST,DELETE" : "GET,DELETE");
    }
    const bool isShared = IsShared(id);
    if (call.method == HttpMethod::Get)
    {
      return isShared ? outputs_.Get(call, id, part) : GetOutputAtCore(id, part);
    }
    if (isShared)
    {
      ThrowReadOnly();
    }
    const bool isDone = TryCallCore(call.method, "/jobs/" + id + "/" + part).has_value();
    if (call.method == HttpMethod::Post)
    {
      return isDone ? HttpAnswer::Json(Json::objectValue) : HttpAnswer::Empty(400);
    }
    if (!isDone)
    {
      throw RegistryError(ErrorCode::InexistentItem, "The job has no such output: " + part);
    }
    return HttpAnswer::Empty(200);
  }

  HttpAnswer ReadOnlyJobsHandler::GetReplicas(const HttpCall& call)
  {
    return cluster_.GetReplicas(call);
  }

  HttpAnswer ReadOnlyJobsHandler::GetStatistics(const HttpCall& call)
  {
    return cluster_.GetStatistics(call);
  }

  HttpAnswer ReadOnlyJobsHandler::Refuse(const HttpCall& call)
  {
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }
    ThrowReadOnly();
  }

  bool ReadOnlyJobsHandler::IsShared(const std::string& id)
  {
    return service_.Get(id).has_value();
  }

  HttpAnswer ReadOnlyJobsHandler::GetAtCore(const std::string& id)
  {
    const auto answer = TryCallCore(HttpMethod::Get, "/jobs/" + id);
    return answer ? HttpAnswer::Json(Redact(ParseJson(answer->body))) : HttpAnswer::Empty(NOT_FOUND);
  }

  HttpAnswer ReadOnlyJobsHandler::GetOutputAtCore(const std::string& id, const std::string& key)
  {
    const auto output = CoreClient().GetOutput(id, key);
    if (!output)
    {
      throw RegistryError(ErrorCode::InexistentItem, "The job has no such output: " + key);
    }
    const OutputDescription description = output->GetDescription();
    HttpAnswer answer;
    answer.headers["Content-Type"] = description.contentType;
    if (!description.fileName.empty())
    {
      answer.headers["Content-Disposition"] = FormatFileName(description.fileName);
    }
    answer.body = output->GetContent();
    return answer;
  }
}
