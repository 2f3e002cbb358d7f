// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobErrors.h"
#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/HttpCall.h"

namespace OrthancRegistry
{
  // GET /jobs, with filters and pages, and GET /jobs/{id}, with waiting for a change. Thread-safe.
  class JobQueryHandler
  {
  public:
    // The service must outlive this object, and the answers until they have been sent.
    JobQueryHandler(JobsService& service, ErrorDescriber describe);

    HttpAnswer List(const HttpCall& call);
    HttpAnswer Read(const HttpCall& call, const std::string& id);

  private:
    HttpAnswer ListExpanded(JobReader& reader, const JobQuery& query);
    HttpAnswer Expand(const std::shared_ptr<JobCursor>& cursor);
    std::string FormatElements(const std::vector<Job>& jobs, bool isFirst) const;

    JobsService& service_;
    ErrorDescriber describe_;
  };
}
