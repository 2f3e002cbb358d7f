// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Database/IDatabase.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  class Transaction;

  // One step of a schema: SQL that leads from version - 1 to version. Numbered from 1 without gaps.
  struct Migration
  {
    int version;
    std::string_view name;
    std::string_view sql;

    // The oldest version whose plugins may go on once this step has run. 0: any, the step only adds.
    int compatible = 0;
  };

  // What the database says about one component.
  struct ComponentVersion
  {
    int version = 0;         // 0: there is none yet
    int compatible = 0;      // plugins that know this version, or a newer one, may use the component
    bool isRecorded = false; // "compatible" has its column; not yet in databases of the first versions
  };

  // What to do where a server may not change the schema of its database
  inline constexpr const char* UPGRADE_ADVICE =
      "run Orthanc once with the argument \"--upgrade\" and with the credentials of the role that owns the "
      "tables (see Resources/Documentation/roles.md)";

  // Brings one component of the schema (index, storage, jobs, ...) forward to the newest version, each step
  // in an exclusive transaction of its own, recorded in the table SharedVersions. Safe when many replicas
  // start at once: one does the work, the others wait and find it done. Nothing is written, and no lock is
  // taken, where nothing is to be done, so that a role without rights on the schema may start; where there
  // is, it is refused.
  //
  // A database newer than the migrations is accepted as long as its newer steps are compatible with them: so
  // replicas of two versions work side by side, and one can go back. Otherwise it is refused
  // (RegistryError(IncompatibleConfigurations)). See Resources/Documentation/migrations.md.
  class Migrator
  {
  public:
    Migrator(IDatabase& database, std::string component, std::span<const Migration> migrations);

    // Answers how many steps this call has run.
    int Run();

    // For those who must not write: RegistryError if the component is not there, older, or too new.
    void Check();

  private:
    std::optional<ComponentVersion> Lookup();
    bool IsDone(const ComponentVersion& found) const;
    void CheckCompatible(const ComponentVersion& found) const;
    void WarnIfNewer(const ComponentVersion& found) const;
    [[noreturn]] void Refuse(const PermissionError& error) const;
    void Prepare();
    bool RunNext();
    void RunStep(Transaction& transaction, const Migration& step, int compatible);

    IDatabase& database_;
    std::string component_;
    std::span<const Migration> migrations_;
    int newest_;
  };
}
