// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/JobsOptions.h"

namespace OrthancRegistry
{
  // POST /jobs/{id}/{cancel|pause|resume|resubmit} and DELETE /jobs/{id}. Thread-safe.
  class JobActionsHandler
  {
  public:
    // The service must outlive this object.
    JobActionsHandler(const JobsOptions& options, JobsService& service);

    static bool IsAction(const std::string& name);

    HttpAnswer Apply(const HttpCall& call, const std::string& id, const std::string& action);
    HttpAnswer Delete(const HttpCall& call, const std::string& id);

  private:
    HttpAnswer RefuseControl(const HttpCall& call, const Job& job);
    void AnnounceState(const std::string& localId);

    JobsOptions options_;
    JobsService& service_;
    CoreClient core_;
  };
}
