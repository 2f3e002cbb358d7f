// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/HttpCall.h"
#include "Framework/Plugin/JobsOptions.h"

namespace OrthancRegistry
{
  // POST /jobs/{id}/{cancel|pause|resume|resubmit} and DELETE /jobs/{id}, both with the optional header
  // "If-Match". Thread-safe.
  class JobActionsHandler
  {
  public:
    // The service must outlive this object.
    JobActionsHandler(const JobsOptions& options, JobsService& service);

    static bool IsAction(const std::string& name);

    HttpAnswer Apply(const HttpCall& call, const std::string& id, const std::string& action);
    HttpAnswer Delete(const HttpCall& call, const std::string& id);

  private:
    HttpAnswer Format(const HttpCall& call, const ActionAnswer& answer) const;
    HttpAnswer FormatFailure(const HttpCall& call, const ActionAnswer& answer, ErrorCode code,
                             int status) const;

    JobsOptions options_;
    JobsService& service_;
  };
}
