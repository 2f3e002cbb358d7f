// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Migrator.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  namespace
  {
    // Refuses a database that only a newer plugin understands
    void CheckVersion(const std::string& component, int version, int newest)
    {
      if (version < 0 || version > newest)
      {
        throw RegistryError(ErrorCode::IncompatibleConfigurations,
                            "The database holds version " + std::to_string(version) + " of the component \"" +
                                component + "\", but this plugin only knows the versions up to " +
                                std::to_string(newest) +
                                ": upgrade the plugin of this server to the one that made the database");
      }
    }

    [[noreturn]] void Refuse(const std::string& component, int newest, const PermissionError& error)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          "The database does not hold version " + std::to_string(newest) +
                              " of the component \"" + component +
                              "\" yet, and this server has no right to change its schema (" + error.what() +
                              "): " + UPGRADE_ADVICE);
    }

    void RunStep(Transaction& transaction, const std::string& component, const Migration& step)
    {
      try
      {
        transaction.ExecuteScript(step.sql);
        transaction.Execute("INSERT INTO SharedVersions(component, version) VALUES($1, $2) "
                            "ON CONFLICT(component) DO UPDATE SET version = excluded.version",
                            component, step.version);
        transaction.Flush();
      }
      catch (const StatementError& error)
      {
        LogError("Component \"" + component + "\": step " + std::string(step.name) +
                 " has failed, the database stays at version " + std::to_string(step.version - 1) + ": " +
                 error.what());
        throw;
      }
    }
  }

  Migrator::Migrator(IDatabase& database, std::string component, std::span<const Migration> migrations)
      : database_(database), component_(std::move(component)), migrations_(migrations)
  {
    int expected = 1;
    for (const Migration& migration : migrations_)
    {
      if (migration.version != expected)
      {
        throw RegistryError(ErrorCode::InternalError, "The migrations of the component \"" + component_ +
                                                          "\" have no number " + std::to_string(expected));
      }
      expected++;
    }
  }

  int Migrator::Run()
  {
    if (IsUpToDate())
    {
      return 0;
    }
    try
    {
      RunTransaction(database_, AccessMode::Exclusive,
                     [&](Transaction& transaction)
                     {
                       transaction.ExecuteScript(database_.GetBootstrapScript());
                     });
      int count = 0;
      while (RunNext())
      {
        count++;
      }
      return count;
    }
    catch (const PermissionError& error)
    {
      Refuse(component_, static_cast<int>(migrations_.size()), error);
    }
  }

  // Writes nothing and waits for nobody: a role without rights on the schema may start
  bool Migrator::IsUpToDate()
  {
    try
    {
      return RunTransaction(database_, AccessMode::ReadOnly,
                            [&](Transaction& transaction)
                            {
                              // All that the bootstrap script makes is used
                              const auto row = transaction.QueryOptional<int, int64_t>(
                                  "SELECT CAST(version AS BIGINT), SharedNow() FROM SharedVersions "
                                  "WHERE component = $1",
                                  component_);
                              return row && std::get<0>(*row) == static_cast<int>(migrations_.size());
                            });
    }
    catch (const StatementError&) // there is no such table or function yet
    {
      return false;
    }
  }

  bool Migrator::RunNext()
  {
    const int newest = static_cast<int>(migrations_.size());
    const int done = RunTransaction(
        database_, AccessMode::Exclusive,
        [&](Transaction& transaction)
        {
          // Read under the lock: another replica may have run this step in the meantime
          const auto row = transaction.QueryOptional<int>(
              "SELECT CAST(version AS BIGINT) FROM SharedVersions WHERE component = $1", component_);
          const int version = row ? std::get<0>(*row) : 0;
          CheckVersion(component_, version, newest);
          if (version == newest)
          {
            return 0;
          }
          const Migration& step = migrations_[static_cast<size_t>(version)];
          RunStep(transaction, component_, step);
          return step.version;
        });
    if (done != 0)
    {
      LogInfo("The database now holds version " + std::to_string(done) + " of the component \"" + component_ +
              "\"");
    }
    return done != 0;
  }
}
