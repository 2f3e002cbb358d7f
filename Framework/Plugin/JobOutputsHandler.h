// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/JobsOptions.h"

namespace OrthancRegistry
{
  // GET and DELETE /jobs/{id}/{key}: the outputs in the registry, in the same way at each replica.
  // Thread-safe.
  class JobOutputsHandler
  {
  public:
    // The service must outlive this object.
    JobOutputsHandler(const JobsOptions& options, JobsService& service);

    HttpAnswer Get(const HttpCall& call, const std::string& id, const std::string& key);
    HttpAnswer Delete(const std::string& id, const std::string& key);

  private:
    Job FindJob(const std::string& id, const std::string& key);
    static void DeleteAtCore(const std::string& localId, const std::string& key);

    JobsOptions options_;
    JobsService& service_;
  };
}
