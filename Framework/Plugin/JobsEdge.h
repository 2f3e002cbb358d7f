// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/JobsHandler.h"

#include <orthanc/OrthancCPlugin.h>

#include <memory>
#include <shared_mutex>

namespace OrthancRegistry
{
  // The routes of the shared jobs in the REST API of Orthanc: /jobs, and those that make queued jobs. Routes
  // can only be registered in OrthancPluginInitialize(), long before the registry exists: until Open() they
  // answer 503. At most one object at a time. Thread-safe.
  class JobsEdge
  {
  public:
    // Registers the routes. To be constructed in OrthancPluginInitialize().
    explicit JobsEdge(const JobsOptions& options);
    ~JobsEdge();

    JobsEdge(const JobsEdge&) = delete;
    JobsEdge& operator=(const JobsEdge&) = delete;

    // From here on requests are served. What is given must live until Close().
    void Open(JobsService& service, IResourceLookup& resources);

    // Waits for the requests that are being served.
    void Close();

    // To be called for each change event of Orthanc: wakes the registry up for those of jobs. "resourceId"
    // may be null.
    void OnChange(OrthancPluginChangeType type, const char* resourceId);

    // Used by the callbacks: serves one request with the given method of the handler, and sends the answer.
    using Route = HttpAnswer (JobsHandler::*)(const HttpCall& call);
    void Serve(OrthancPluginRestOutput* output, const HttpCall& call, Route route);

  private:
    struct Opened;

    JobsOptions options_;
    std::shared_mutex mutex_; // shared by those who use opened_
    std::unique_ptr<Opened> opened_;
  };
}
