// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobErrors.h"

namespace OrthancRegistry
{
  // The object that GET /jobs/{id} answers: that of the core, plus "Replica", "Origin", "Attempt",
  // "Revision", and where they are known "Destination" (modality or peer), "SubmittedBy" (user), and
  // "NotBefore" if it waits for that time. The same at every replica, except for the two fields that depend
  // on the moment of the answer: "Timestamp" ("now") and "EstimatedTimeOfArrival".
  Json::Value FormatJob(const Job& job, Timestamp now, const ErrorDescriber& describe);

  // The content of a job without secrets: passwords, the values of HTTP headers (their names remain, in the
  // form of GET /peers/{peer}/configuration) and user names within URLs. Only jobs that send to a peer have
  // some.
  Json::Value RedactContent(const std::string& jobType, Json::Value content);

  // The text without the user names and passwords of the URLs in it: "http://user:password@host/"
  std::string RedactText(const std::string& text);
}
