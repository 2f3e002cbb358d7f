// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/DeferredIndexes.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Database/Migrator.h"
#include "PostgreSQL/CancellableStatement.h"
#include "PostgreSQL/IndexProgress.h"
#include "PostgreSQL/PostgreSQLConnection.h"

#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    struct DeferredIndex
    {
      const char* name; // lower case, as in the catalog
      const char* sql;
      const char* former = nullptr; // the index in whose place this one comes: only if it is there
    };

    // As in Index/0001 and Index/0004. %1 is the schema of the extension pg_trgm.
    constexpr DeferredIndex INDEXES[] = {
        {"sharedattachmentsuuid", "CREATE INDEX CONCURRENTLY SharedAttachmentsUuid ON AttachedFiles (uuid)"},
        {"sharedrecyclingindex",
         "CREATE INDEX CONCURRENTLY SharedRecyclingIndex ON Metadata "
         "((CASE WHEN value ~ '^[0-9]{1,18}$' THEN CAST(value AS BIGINT) ELSE 0 END), id) WHERE type = 19"},
        {"sharedauditlogstime", "CREATE INDEX CONCURRENTLY SharedAuditLogsTime ON AuditLogs (ts)"},
        {"sharedparentsindex",
         "CREATE INDEX CONCURRENTLY SharedParentsIndex ON Resources (resourceType, publicId) "
         "WHERE resourceType < 3",
         "sharedlevelindex"},
        {"sharedvaluesindex",
         "CREATE INDEX CONCURRENTLY SharedValuesIndex ON DicomIdentifiers USING gin (value %1.gin_trgm_ops) "
         "WHERE tagGroup <> 32 AND (tagGroup <> 8 OR tagElement <> 24)",
         "dicomidentifiersindexvalues2"},
    };

    constexpr std::chrono::hours WHEN_COMPLETE{24};
    constexpr std::chrono::minutes WHEN_ANOTHER_IS_AT_IT{1};
    constexpr std::chrono::seconds WAIT_FOR_ANOTHER{1};
    constexpr std::chrono::minutes AFTER_FAILURE{10};

    bool IsTrue(const PostgreSQLResult& result)
    {
      return PQntuples(result.get()) == 1 && std::string_view(PQgetvalue(result.get(), 0, 0)) == "t";
    }

    enum class State
    {
      Absent,
      Incomplete,
      Valid
    };

    State Find(const PostgreSQLConnection& connection, const std::string& index)
    {
      const PostgreSQLResult found = connection.Execute(
          "SELECT i.indisvalid FROM pg_catalog.pg_index i WHERE i.indexrelid = to_regclass($1)", {index});
      if (PQntuples(found.get()) == 0)
      {
        return State::Absent;
      }
      return IsTrue(found) ? State::Valid : State::Incomplete;
    }

    std::string PutExtension(const PostgreSQLConnection& connection, std::string sql)
    {
      const size_t place = sql.find("%1");
      if (place != std::string::npos)
      {
        const PostgreSQLResult schema = connection.Execute(
            "SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e "
            "JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'",
            {});
        sql.replace(place, 2, PQgetvalue(schema.get(), 0, 0)); // there, as the former index needs it
      }
      return sql;
    }

    int64_t CountSeconds(std::chrono::steady_clock::time_point start)
    {
      return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start)
          .count();
    }
  }

  DeferredIndexes::DeferredIndexes(IDatabase& database, const PostgreSQLParameters& parameters)
      : database_(database), parameters_(parameters), task_("The building of indexes",
                                                            [this]
                                                            {
                                                              return Turn();
                                                            })
  {
  }

  DeferredIndexes::~DeferredIndexes()
  {
    Stop();
  }

  void DeferredIndexes::Start()
  {
    if (IsStopping())
    {
      stop_ = std::stop_source();
    }
    task_.Start();
  }

  void DeferredIndexes::Stop()
  {
    stop_.request_stop();
    task_.Stop();
  }

  void DeferredIndexes::Finish()
  {
    const PostgreSQLConnection connection(parameters_);
    while (!Complete(connection))
    {
      std::this_thread::sleep_for(WAIT_FOR_ANOTHER);
    }
  }

  bool DeferredIndexes::RunNow(std::chrono::milliseconds patience)
  {
    return task_.RunNow(patience);
  }

  bool DeferredIndexes::IsStopping() const
  {
    return stop_.stop_requested();
  }

  std::chrono::milliseconds DeferredIndexes::Turn()
  {
    try
    {
      const PostgreSQLConnection connection(parameters_);
      const bool isComplete = Complete(connection);
      hasWarned_ = false;
      return isComplete ? std::chrono::milliseconds(WHEN_COMPLETE) : WHEN_ANOTHER_IS_AT_IT;
    }
    catch (const PermissionError& error)
    {
      WarnOnce(std::string("This server has no right to build an index that the database lacks (") +
               error.what() + "), which makes it slower: " + UPGRADE_ADVICE);
      return AFTER_FAILURE;
    }
    catch (const DatabaseError& error)
    {
      WarnOnce(std::string("An index of the database cannot be built now (the database works "
                           "without it, but slower), it will be tried again: ") +
               error.what());
      return AFTER_FAILURE;
    }
  }

  void DeferredIndexes::WarnOnce(const std::string& message)
  {
    if (!IsStopping() && !hasWarned_)
    {
      hasWarned_ = true;
      LogWarning(message);
    }
  }

  // False if another replica is at it. A session of its own: these statements cannot be part of a
  // transaction.
  bool DeferredIndexes::Complete(const PostgreSQLConnection& connection)
  {
    connection.ApplySettings(parameters_.schema);
    connection.Execute(
        "SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)", {});
    if (!IsTrue(connection.Execute("SELECT pg_try_advisory_lock(SharedLockKey('deferred'))", {})))
    {
      return false;
    }
    for (const DeferredIndex& index : INDEXES)
    {
      if (IsStopping())
      {
        return false;
      }
      if (index.former == nullptr || Find(connection, index.former) != State::Absent)
      {
        Ensure(connection, index.name, index.sql);
      }
      if (index.former != nullptr && !IsStopping())
      {
        Change(connection, std::string("DROP INDEX CONCURRENTLY IF EXISTS ") + index.former);
      }
    }
    return true;
  }

  void DeferredIndexes::Ensure(const PostgreSQLConnection& connection, const std::string& name,
                               const std::string& sql)
  {
    const State state = Find(connection, name);
    if (state == State::Valid)
    {
      return;
    }
    if (state == State::Incomplete)
    {
      Change(connection, "DROP INDEX CONCURRENTLY " + name); // the rest of an interrupted attempt
    }

    LogWarning("The index " + name + " is being built in the background");
    const auto start = std::chrono::steady_clock::now();
    const IndexProgress progress(database_);
    Change(connection, PutExtension(connection, sql));
    LogWarning("The index " + name + " has been built in " + std::to_string(CountSeconds(start)) + " s");
  }

  void DeferredIndexes::Change(const PostgreSQLConnection& connection, const std::string& sql) const
  {
    ExecuteUntilStop(connection, sql, stop_.get_token());
  }
}
