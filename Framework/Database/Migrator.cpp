// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Migrator.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    // A step that waits for a table makes everybody else wait behind it. So it soon gives up, and is tried
    // again for some minutes (see PostgreSQLSession::SendBegin).
    constexpr RetryPolicy PATIENT_POLICY{
        .maximumRetries = 100, .firstDelayMilliseconds = 100, .maximumDelayMilliseconds = 2000};

    // In databases of the first versions the table has no column "compatible": then the name is that of
    // "absent".
    ComponentVersion Read(Transaction& transaction, const std::string& component)
    {
      const auto row = transaction.QueryOptional<std::optional<int>, std::optional<int>, std::optional<int>>(
          "SELECT (SELECT CAST(version AS BIGINT) FROM SharedVersions WHERE component = $1),"
          " (SELECT CAST(compatible AS BIGINT) FROM SharedVersions WHERE component = $1),"
          " (SELECT CAST(MIN(least) AS BIGINT) FROM (SELECT compatible AS least FROM (SELECT 1 AS one) AS one"
          " LEFT JOIN SharedVersions ON 1 = 1) AS rows)"
          " FROM (SELECT -1 AS compatible) AS absent",
          component);
      const auto [version, compatible, least] = row.value();
      return {version.value_or(0), std::max(compatible.value_or(0), 0), least.value_or(0) >= 0};
    }
  }

  Migrator::Migrator(IDatabase& database, std::string component, std::span<const Migration> migrations)
      : database_(database), component_(std::move(component)), migrations_(migrations),
        newest_(static_cast<int>(migrations.size()))
  {
    int expected = 1;
    for (const Migration& migration : migrations_)
    {
      if (migration.version != expected || migration.compatible < 0 || migration.compatible > expected)
      {
        throw RegistryError(ErrorCode::InternalError, "The migrations of the component \"" + component_ +
                                                          "\" have no proper number " +
                                                          std::to_string(expected));
      }
      expected++;
    }
  }

  int Migrator::Run()
  {
    if (const auto found = Lookup())
    {
      CheckCompatible(*found);
      WarnIfNewer(*found);
      if (IsDone(*found))
      {
        return 0;
      }
    }
    try
    {
      Prepare();
      int count = 0;
      while (RunNext())
      {
        count++;
      }
      return count;
    }
    catch (const PermissionError& error)
    {
      Refuse(error);
    }
  }

  void Migrator::Check()
  {
    const auto found = Lookup();
    if (!found || found->version < newest_)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          "The database holds version " + std::to_string(found ? found->version : 0) +
                              " of the component \"" + component_ + "\" instead of " +
                              std::to_string(newest_) +
                              ": a writing Orthanc with this plugin, and with the same options, must have "
                              "opened it before one with the option \"ReadOnly\" can");
    }
    CheckCompatible(*found);
    WarnIfNewer(*found);
  }

  // Without writing anything; nothing if the table is not there.
  std::optional<ComponentVersion> Migrator::Lookup()
  {
    try
    {
      return RunTransaction(database_, AccessMode::ReadOnly,
                            [&](Transaction& transaction)
                            {
                              return Read(transaction, component_);
                            });
    }
    catch (const StatementError&)
    {
      return std::nullopt;
    }
  }

  bool Migrator::IsDone(const ComponentVersion& found) const
  {
    return found.version >= newest_ && found.isRecorded;
  }

  // Refuses a database that only a newer plugin understands
  void Migrator::CheckCompatible(const ComponentVersion& found) const
  {
    if (found.version < 0 || (found.version > newest_ && found.compatible > newest_))
    {
      throw RegistryError(
          ErrorCode::IncompatibleConfigurations,
          "The database holds version " + std::to_string(found.version) + " of the component \"" +
              component_ + "\", which plugins can use from version " + std::to_string(found.compatible) +
              " on, but this plugin only knows the versions up to " + std::to_string(newest_) +
              ": upgrade the plugin of this server to the one that made the database");
    }
  }

  void Migrator::WarnIfNewer(const ComponentVersion& found) const
  {
    if (found.version > newest_)
    {
      LogWarning("The database holds version " + std::to_string(found.version) + " of the component \"" +
                 component_ + "\", made by a newer plugin than this one, which knows the versions up to " +
                 std::to_string(newest_) +
                 ". They can work side by side during an upgrade; upgrade this server as well");
    }
  }

  void Migrator::Refuse(const PermissionError& error) const
  {
    throw RegistryError(ErrorCode::IncompatibleConfigurations,
                        "The database does not hold version " + std::to_string(newest_) +
                            " of the component \"" + component_ +
                            "\" yet, and this server has no right to change its schema (" + error.what() +
                            "): " + UPGRADE_ADVICE);
  }

  void Migrator::Prepare()
  {
    RunTransaction(
        database_, AccessMode::Exclusive,
        [&](Transaction& transaction)
        {
          transaction.ExecuteScript(database_.GetBootstrapScript());
          if (!Read(transaction, component_).isRecorded)
          {
            transaction.ExecuteScript(
                "ALTER TABLE SharedVersions ADD COLUMN compatible INTEGER NOT NULL DEFAULT 0");
          }
        },
        PATIENT_POLICY);
  }

  bool Migrator::RunNext()
  {
    const int done = RunTransaction(
        database_, AccessMode::Exclusive,
        [&](Transaction& transaction)
        {
          // Read under the lock: another replica may have run this step in the meantime
          const ComponentVersion found = Read(transaction, component_);
          CheckCompatible(found);
          if (found.version >= newest_)
          {
            return 0;
          }
          const Migration& step = migrations_[static_cast<size_t>(found.version)];
          RunStep(transaction, step, std::max(found.compatible, step.compatible));
          return step.version;
        },
        PATIENT_POLICY);
    if (done != 0)
    {
      LogInfo("The database now holds version " + std::to_string(done) + " of the component \"" + component_ +
              "\"");
    }
    return done != 0;
  }

  void Migrator::RunStep(Transaction& transaction, const Migration& step, int compatible)
  {
    const std::string name = "Component \"" + component_ + "\": step " + std::string(step.name);
    try
    {
      transaction.ExecuteScript(step.sql);
      transaction.Execute("INSERT INTO SharedVersions(component, version, compatible) VALUES($1, $2, $3) "
                          "ON CONFLICT(component) DO UPDATE SET version = excluded.version,"
                          " compatible = excluded.compatible",
                          component_, step.version, compatible);
      transaction.Flush();
    }
    catch (const StatementError& error)
    {
      LogError(name + " has failed, the database stays at version " + std::to_string(step.version - 1) +
               ": " + error.what());
      throw;
    }
    catch (const RetryableError& error)
    {
      LogWarning(name + " is tried again, because others use what it has to lock: " + error.what());
      throw;
    }
  }
}
