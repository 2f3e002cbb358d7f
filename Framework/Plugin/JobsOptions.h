// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobErrors.h"
#include "Framework/Plugin/HttpCall.h"

namespace OrthancRegistry
{
  // The options of the core that decide about the answers to requests about jobs
  struct JobsOptions
  {
    bool describeErrors = true;            // "HttpDescribeErrors"
    bool hasPatients = true;               // "PatientLevelEnabled"
    bool overwriteInstances = false;       // "OverwriteInstances"
    bool isAuthenticationEnabled = false;  // "AuthenticationEnabled"
    Json::Value dictionary;                // "Dictionary"
    std::vector<std::string> submitRoutes; // of plugins: see JobsConfiguration

    static JobsOptions Read(const Json::Value& configuration);

    // A failure whose HTTP status, payload or text the core would not make out of an error code by itself
    HttpAnswer FormatFailure(const FailedCall& failure) const;
  };

  // The text that the core has for an error code
  std::string DescribeError(int code);
}
