// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobErrors.h"
#include "Framework/Jobs/JobValidation.h"
#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/JobsCatalog.h"

namespace OrthancRegistry
{
  struct HttpCall
  {
    HttpMethod method = HttpMethod::Get;
    std::string path;
    std::map<std::string, std::string> arguments; // of GET
    std::string_view body;                        // lives as long as the call
  };

  struct HttpAnswer
  {
    int status = 200;
    std::string body;
    std::map<std::string, std::string> headers;
    std::string allowedMethods; // of status 405

    static HttpAnswer Json(const Json::Value& value, int status = 200);
    static HttpAnswer Empty(int status);
    static HttpAnswer NotAllowed(const std::string& allowedMethods);
  };

  // The options of the core that matter here
  struct JobsOptions
  {
    bool describeErrors = true;      // "HttpDescribeErrors"
    bool hasPatients = true;         // "PatientLevelEnabled"
    bool overwriteInstances = false; // "OverwriteInstances"
    Json::Value dictionary;          // "Dictionary"

    static JobsOptions Read(const Json::Value& configuration);
  };

  // The answers to /jobs and to the routes that make jobs. Thread-safe; for threads of normal stack size
  // only. Errors that the core would describe by itself are thrown as RegistryError.
  class JobsHandler
  {
  public:
    // The references must outlive this object.
    JobsHandler(const JobsOptions& options, JobsService& service, IResourceLookup& resources);

    HttpAnswer List(const HttpCall& call);                          // /jobs
    HttpAnswer Access(const HttpCall& call, const std::string& id); // /jobs/{id}
    HttpAnswer AccessPart(const HttpCall& call, const std::string& id,
                          const std::string& part); // /jobs/{id}/{part}
    HttpAnswer Submit(const HttpCall& call);        // routes that make jobs

  private:
    HttpAnswer ApplyAction(const HttpCall& call, const std::string& id, const std::string& action);
    HttpAnswer AccessOutput(const HttpCall& call, const std::string& id, const std::string& key);
    HttpAnswer RunSynchronously(const HttpCall& call);
    HttpAnswer RefuseControl(const HttpCall& call, const Job& job);
    HttpAnswer FormatFailure(const FailedCall& failure);
    void AnnounceState(const std::string& localId);
    std::optional<std::string> FindInOwnCore(const Job& job);

    JobsOptions options_;
    JobsService& service_;
    JobsCatalog catalog_;
    JobValidator validator_;
    CoreClient core_;
  };
}
