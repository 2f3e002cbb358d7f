// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobOutputsHandler.h"

namespace OrthancRegistry
{
  namespace
  {
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
  }

  JobOutputsHandler::JobOutputsHandler(const JobsOptions& options, JobsService& service)
      : options_(options), service_(service)
  {
  }

  HttpAnswer JobOutputsHandler::Get(const HttpCall& call, const std::string& id, const std::string& key)
  {
    return Access(call, id, key);
  }

  HttpAnswer JobOutputsHandler::Delete(const HttpCall& call, const std::string& id, const std::string& key)
  {
    return Access(call, id, key);
  }

  HttpAnswer JobOutputsHandler::Access(const HttpCall& call, const std::string& id, const std::string& key)
  {
    const auto job = service_.Get(id);
    if (!job || job->state != JobState::Success || !HasOutputs(*job))
    {
      throw RegistryError(ErrorCode::InexistentItem, "The job has no such output: " + key);
    }
    if (!service_.IsOwn(*job))
    {
      return options_.FormatFailure({GetName(call.method), call.path,
                                     static_cast<int>(ErrorCode::NotImplemented), 501,
                                     "The output is at replica " + job->replica, Json::Value()});
    }
    const CoreAnswer answer = CallCore(call.method, "/jobs/" + job->id + "/" + key);
    HttpAnswer target = HttpAnswer::Empty(answer.status);
    target.body = answer.body;
    CopyHeader(target, "Content-Type", answer, "content-type");
    CopyHeader(target, "Content-Disposition", answer, "content-disposition");
    return target;
  }
}
