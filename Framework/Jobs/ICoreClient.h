// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/OutputStore.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  // A job as the core of this replica reports it (GET /jobs/{id})
  struct CoreJob
  {
    std::string id;
    std::string type;
    JobState state = JobState::Pending;
    int priority = 0;
    int progress = 0;
    int errorCode = 0;
    std::string errorDetails;
    int64_t runtimeMilliseconds = 0;
    Json::Value content = Json::objectValue;
    Json::Value userData;
    Json::Value errorPayload;
  };

  inline bool IsCancelled(const CoreJob& job)
  {
    return job.state == JobState::Failure && job.errorCode == static_cast<int>(ErrorCode::CanceledJob);
  }

  // False if what has changed is worth being written: the run time, which changes at each look, is written
  // together with the rest.
  bool IsSame(const CoreJob& a, const CoreJob& b);

  // True if nothing but progress and content may differ, of a job that goes on.
  bool IsOnlyProgress(const CoreJob& a, const CoreJob& b);

  using CoreListing = std::map<std::string, CoreJob>; // by id

  // Reads the JSON object of GET /jobs/{id}; throws RegistryError(BadFileFormat) if it is none.
  CoreJob ParseCoreJob(const Json::Value& json);

  // What a job of the core has produced, held in memory as long as this object lives
  class ICoreOutput
  {
  public:
    virtual ~ICoreOutput() = default;

    virtual OutputDescription GetDescription() const = 0;
    virtual std::string_view GetContent() const = 0;
  };

  // Calls to the REST API that is built into the core of this replica. Thread-safe. Only to be called from
  // threads with a stack of normal size (not those of the HTTP server), never from inside a database
  // operation, and not before the core has been started.
  class ICoreClient
  {
  public:
    virtual ~ICoreClient() = default;

    // Posts to a route that makes a job, with the body changed so that the call is asynchronous; answers the
    // id of the new job. A refusal of the core is a RegistryError with the core's code.
    virtual std::string SubmitJob(const std::string& uri, const std::string& body) = 0;

    virtual std::vector<CoreJob> GetJobs() = 0;                       // GET /jobs?expand
    virtual std::optional<CoreJob> GetJob(const std::string& id) = 0; // GET /jobs/{id}
    virtual bool CancelJob(const std::string& id) = 0;                // POST /jobs/{id}/cancel

    // POST /jobs/{id}/{action}. Success; UnknownResource if the core refuses, or does not know the job; or
    // the code with which it fails.
    virtual ErrorCode Act(const std::string& id, JobAction action) = 0;

    // DELETE /jobs/{id}; false if the core does not know the job, or it has not ended.
    virtual bool DeleteJob(const std::string& id) = 0;

    // GET /jobs/{id}/{key}; null if the core does not have it (any more).
    virtual std::unique_ptr<ICoreOutput> GetOutput(const std::string& id, const std::string& key) = 0;
  };
}
