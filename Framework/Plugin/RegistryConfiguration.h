// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryConfiguration.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Queries/QueriesConfiguration.h"
#include "Framework/Stability/StabilityConfiguration.h"

#include <json/value.h>

namespace OrthancRegistry
{
  // What this plugin reads from the configuration of Orthanc, besides the section of its engine.
  struct RegistryConfiguration
  {
    bool isReadOnly = false;    // option "ReadOnly" of the core: nothing is written, there are no shared jobs
    std::string name;           // option "Name" of the core
    bool areJobsEnabled = true; // "Registry.EnableJobs"
    JobsConfiguration jobs;
    DirectoryConfiguration directory;
    StabilityConfiguration stability;
    QueriesConfiguration queries;

    std::vector<std::string> warnings; // to be logged once: options that nobody knows

    // RegistryError that names the option if one is of a wrong type or out of range.
    static RegistryConfiguration Read(const Json::Value& configuration);
  };

  // A section of the configuration; null if it is absent.
  const Json::Value& GetSection(const Json::Value& configuration, const char* name);
}
