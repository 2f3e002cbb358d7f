// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobValidation.h"
#include "Framework/Jobs/JobsService.h"
#include "Framework/Jobs/SubmitRoutes.h"
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

    // The same as if the call were one to "uri", but for its path in the description of errors
    HttpAnswer SubmitTo(const std::string& uri, const HttpCall& call);

    // POST /cluster/submit/{uri}: always asynchronous
    HttpAnswer SubmitListed(const HttpCall& call);

  private:
    // The answer to an asynchronous call that has been made before, by its header "Idempotency-Key"
    std::optional<HttpAnswer> AnswerRepeated(const HttpCall& call, const std::string& uri);

    // A checked job, as the call wants it: its body (which may put it off), and the header "Idempotency-Key"
    HttpAnswer Enqueue(const HttpCall& call, const JobRoute& route, const std::string& uri,
                       const CheckedJob& checked);
    HttpAnswer Enqueue(const HttpCall& call, const NewJob& job);
    JobRequest MakeRequest(const HttpCall& call, const std::string& uri) const;
    HttpAnswer RunSynchronously(const HttpCall& call, const std::string& uri);

    JobsOptions options_;
    JobsService& service_;
    JobsCatalog catalog_;
    JobValidator validator_;
    SubmitRoutes routes_;
  };
}
