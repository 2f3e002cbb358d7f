// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Directory/DirectoryConfiguration.h"
#include "Framework/Directory/SecretBox.h"

#include <json/value.h>

#include <string>
#include <string_view>

// How the shared lists begin
namespace OrthancRegistry::DirectoryImport
{
  struct Sources
  {
    std::string_view serverPropertiesQuery; // of IIndexDialect
    const Json::Value& configuration;       // of Orthanc, with its own lists
  };

  // To be called before the core loads its lists; any number of replicas may do so at once. For each list
  // that is shared: merges, once in the life of the database, what a plugin that does not share them has left
  // for each server; then adds what the configuration file lists, if that is wanted and nobody has ever
  // changed the shared list. What is left out, and why, goes to the log, without secrets.
  void Run(IDatabase& database, const DirectoryConfiguration& configuration, const SecretBox& box,
           const Sources& sources, const std::string& replica);
}
