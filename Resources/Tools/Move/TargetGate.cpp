// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/TargetGate.h"

#include "Framework/Database/Retry.h"
#include "Framework/Database/UnfinishedMove.h"
#include "Resources/Tools/Move/MoveProgress.h"

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr RetryPolicy POLICY{.isRepeatable = true};

    // What a server leaves in a database that it has been started on, and the queries that find it
    constexpr std::pair<const char*, std::string_view> TRACES[] = {
        {"Resources", "SELECT 1 FROM Resources LIMIT 1"},
        {"Changes", "SELECT 1 FROM Changes LIMIT 1"},
        {"ExportedResources", "SELECT 1 FROM ExportedResources LIMIT 1"},
        {"ServerProperties", "SELECT 1 FROM ServerProperties LIMIT 1"},
        {"KeyValueStores", "SELECT 1 FROM KeyValueStores LIMIT 1"},
        {"Queues", "SELECT 1 FROM Queues LIMIT 1"},
        {"AuditLogs", "SELECT 1 FROM AuditLogs LIMIT 1"},
        {"SharedReplicas", "SELECT 1 FROM SharedReplicas LIMIT 1"}};

    [[noreturn]] void Refuse(const std::string& reason)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          reason + ": make a new, empty database and move the index to that one");
    }

    bool HasVersion(Transaction& transaction, std::string_view component)
    {
      return transaction
          .QueryOptional<int>("SELECT CAST(version AS BIGINT) FROM SharedVersions WHERE component = $1",
                              component)
          .has_value();
    }

    void CheckEmpty(Transaction& transaction, const ITarget& target)
    {
      if (target.HasTable(transaction, "GlobalProperties") && !HasVersion(transaction, "Index"))
      {
        Refuse("The target is a database of another plugin");
      }
      for (const auto& [table, query] : TRACES)
      {
        if (target.HasTable(transaction, table) && transaction.QueryOptional<int>(query))
        {
          Refuse("The target is not empty (table " + std::string(table) +
                 "): it has been filled to the end already, or an "
                 "Orthanc has been started on it");
        }
      }
    }

    Beginning Begin(Transaction& transaction, ITarget& target, const std::string& fingerprint,
                    const std::string& server)
    {
      transaction.ExecuteScript(target.GetDatabase().GetBootstrapScript());
      if (!HasVersion(transaction, MOVE_COMPONENT))
      {
        CheckEmpty(transaction, target);
        MoveProgress::Create(transaction, fingerprint, server);
        return Beginning::New;
      }
      const auto [begun, begunServer] = MoveProgress::ReadSource(transaction);
      if (begun != fingerprint)
      {
        Refuse(
            "The target has been filled in part from another index, or Orthanc has been started meanwhile on "
            "the one that is moved");
      }
      if (begunServer != server)
      {
        Refuse("The target has been filled in part for the server \"" + begunServer + "\", not for \"" +
               server + "\"");
      }
      return Beginning::Continued;
    }
  }

  Beginning BeginMove(ITarget& target, const std::string& fingerprint, const std::string& server)
  {
    return RunTransaction(
        target.GetDatabase(), AccessMode::Exclusive,
        [&](Transaction& transaction)
        {
          return Begin(transaction, target, fingerprint, server);
        },
        POLICY);
  }
}
