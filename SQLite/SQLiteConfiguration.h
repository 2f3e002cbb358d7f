// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "SQLite/SQLiteDatabase.h"

#include <json/value.h>

namespace OrthancRegistry
{
  // The section "SQLite" of the configuration of Orthanc.
  struct SQLiteConfiguration
  {
    bool isIndexEnabled = false;       // "EnableIndex"
    SQLiteParameters parameters;       // "Path", "MaximumReaders", "BusyTimeoutSeconds"
    std::vector<std::string> warnings; // to be logged once, by a plugin that is enabled: unknown options

    // From the whole configuration; RegistryError that names the option if one is wrong. The default of
    // "Path" is the file index.sqlite in the folder that the core keeps its own index in.
    static SQLiteConfiguration Read(const Json::Value& configuration);
  };
}
