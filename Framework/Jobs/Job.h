// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Time.h"
#include "Framework/Jobs/JobSchedule.h"

#include <json/value.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // The states of the core, stored as these numbers
  enum class JobState : int
  {
    Pending = 0,
    Running = 1,
    Success = 2,
    Failure = 3,
    Paused = 4,
    Retry = 5
  };

  enum class JobOrigin : int
  {
    Queued = 0, // submitted to the registry: any replica runs it
    Local = 1   // started by the core of one replica by itself: mirrored here, pinned to that replica
  };

  // What a user can ask of a job, stored as these numbers
  enum class JobAction : int
  {
    Cancel = 0,
    Pause = 1,
    Resume = 2,
    Resubmit = 3
  };

  // The names of the core ("Pending", ...) and of the field "Origin" ("Queued", ...); "Unknown" of a newer
  // one
  const char* GetName(JobState state);
  const char* GetName(JobOrigin origin);
  std::optional<JobState> ParseJobState(std::string_view name);

  inline bool IsEnded(JobState state)
  {
    return state == JobState::Success || state == JobState::Failure;
  }

  // The type of a job that a plugin makes, until its first run tells the true one
  inline constexpr const char* PLUGIN_JOB_TYPE = "Plugin";

  // The REST call that makes a queued job
  struct JobRequest
  {
    std::string uri;  // "/studies/.../anonymize"; the method is always POST
    std::string body; // as the client sent it
    std::string user; // who asked for it, empty if unknown
    std::string remoteIp;
    std::string submittedAt; // the server identifier of the replica that was asked
  };

  struct NewJob
  {
    std::string type;        // "ResourceModification", ...: facts of the route
    std::string destination; // modality or peer, empty if none
    int priority = 0;
    JobRequest request;
    Json::Value userData; // null = none
    JobSchedule schedule;
    std::optional<std::string> requestKey; // header "Idempotency-Key"
  };

  // One row of the registry, as it is shown. Thread-compatible value.
  struct Job
  {
    std::string id;
    int64_t revision = 0; // +1 at each change
    std::string type;
    JobState state = JobState::Pending;
    JobOrigin origin = JobOrigin::Queued;
    int priority = 0;
    std::string destination;
    int progress = 0;  // 0 to 100
    int errorCode = 0; // of Orthanc
    std::string errorDetails;
    Timestamp created = 0;
    std::optional<Timestamp> completed;
    int64_t runtimeMilliseconds = 0; // of the runs until now
    int attempts = 0;                // runs begun
    int retries = 0;                 // of these, failed ones that were followed by another one
    std::optional<Timestamp> notBefore;
    std::string owner;   // incarnation of the replica that runs or has run it; empty = none yet
    std::string replica; // the server identifier of that replica
    std::string localId; // the id of the last run at the core of that replica; empty = none yet
    std::optional<JobAction> requestedAction; // the owner has not carried it out yet
    int64_t requestedRevision = 0;            // of the row when that was requested
    int64_t answeredRevision = 0;             // of the last request that the owner has answered
    int answerCode = 0;                       // its answer: an error code of Orthanc, 0 = done
    std::string submittedBy;                  // user, empty if unknown
    Json::Value content = Json::objectValue;
    Json::Value userData;     // null = none
    Json::Value errorPayload; // null = none
  };
}
