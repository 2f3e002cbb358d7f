// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"
#include "SQLite/SQLiteDatabase.h"

#include <filesystem>
#include <optional>
#include <variant>

namespace OrthancRegistry::Move
{
  // What is asked for on the command line, completed by the configuration of Orthanc.
  struct MoveOptions
  {
    std::filesystem::path source;
    std::variant<PostgreSQLParameters, SQLiteParameters> target;
    std::string server; // "DatabaseServerIdentifier", empty if it is not known
    size_t batchRows = 10000;
    bool dropsJobs = false;  // jobs that had not ended are given up
    bool onlyChecks = false; // nothing is written
    std::vector<std::string> warnings;

    // Nothing if only the help was asked for. RegistryError(BadRequest) if the command line is wrong, others
    // if the configuration is.
    static std::optional<MoveOptions> Parse(int argc, char** argv);

    static const char* GetHelp();
  };
}
