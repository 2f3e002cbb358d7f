// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobValidation.h"
#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/JobsCatalog.h"
#include "Framework/Plugin/JobsOptions.h"

namespace OrthancRegistry
{
  // The routes that make jobs. Thread-safe.
  class JobSubmitHandler
  {
  public:
    // The references must outlive this object.
    JobSubmitHandler(const JobsOptions& options, JobsService& service, IResourceLookup& resources);

    HttpAnswer Submit(const HttpCall& call);

  private:
    HttpAnswer RunSynchronously(const HttpCall& call);

    JobsOptions options_;
    JobsService& service_;
    JobsCatalog catalog_;
    JobValidator validator_;
  };
}
