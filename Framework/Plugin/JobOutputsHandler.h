// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/JobsOptions.h"

namespace OrthancRegistry
{
  // GET and DELETE /jobs/{id}/{key}. Thread-safe.
  class JobOutputsHandler
  {
  public:
    // The service must outlive this object.
    JobOutputsHandler(const JobsOptions& options, JobsService& service);

    HttpAnswer Get(const HttpCall& call, const std::string& id, const std::string& key);
    HttpAnswer Delete(const HttpCall& call, const std::string& id, const std::string& key);

  private:
    HttpAnswer Access(const HttpCall& call, const std::string& id, const std::string& key);

    JobsOptions options_;
    JobsService& service_;
    CoreClient core_;
  };
}
