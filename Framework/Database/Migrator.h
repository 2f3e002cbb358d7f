// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <span>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // One step of a schema: SQL that leads from version - 1 to version. Numbered from 1 without gaps.
  struct Migration
  {
    int version;
    std::string_view name;
    std::string_view sql;
  };

  // What to do where a server may not change the schema of its database
  inline constexpr const char* UPGRADE_ADVICE =
      "run Orthanc once with the argument \"--upgrade\" and with the credentials of the role that owns the "
      "tables (see Resources/Documentation/roles.md)";

  // Brings one component of the schema (index, storage, jobs, ...) forward to the newest version, each step
  // in an exclusive transaction of its own, recorded in the table SharedVersions. Safe when many replicas
  // start at once: one does the work, the others wait and find it done. A database newer than the migrations
  // is refused (RegistryError(IncompatibleConfigurations)), because an older plugin cannot know what it would
  // break. So is one that is to be changed by a role that may not.
  class Migrator
  {
  public:
    Migrator(IDatabase& database, std::string component, std::span<const Migration> migrations);

    // Answers how many steps this call has run.
    int Run();

  private:
    bool IsUpToDate();
    bool RunNext();

    IDatabase& database_;
    std::string component_;
    std::span<const Migration> migrations_;
  };
}
