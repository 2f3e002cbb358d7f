// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/TableVacuum.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/CancellableStatement.h"
#include "PostgreSQL/PostgreSQLConnection.h"

#include <memory>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::minutes AFTER_FAILURE{10};
    constexpr std::chrono::minutes WITHOUT_RIGHT{60};
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};

    // The table with the most dead rows of those that are due, and that nobody vacuums now:
    // * dead are 1000 rows and half as many as live: the size stays below twice the least, and the indexes of
    //   many kept jobs are not read again and again;
    // * since the last vacuum have passed 50 us per row, live or dead, so that vacuums take a few hundredths
    //   of the time at most, also while an old snapshot keeps the dead rows from going.
    // A vacuum that is not allowed would be a warning in the log of the server each time. The functions are
    // those of pg_stat_user_tables, which would look at all tables and indexes.
    constexpr const char* FIND_DUE =
        "SELECT t.name, format('%I.%I', current_schema(), t.name),"
        " CASE WHEN CAST(current_setting('server_version_num') AS INTEGER) >= 170000"
        " THEN has_table_privilege(t.oid, 'MAINTAIN') ELSE pg_has_role(t.owner, 'USAGE') END"
        " OR (SELECT pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d"
        " WHERE d.datname = current_database())"
        " FROM (SELECT c.oid, CAST(c.relname AS TEXT) AS name, c.relowner AS owner,"
        " pg_stat_get_dead_tuples(c.oid) AS dead, pg_stat_get_live_tuples(c.oid) AS live,"
        " greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) AS last"
        " FROM pg_catalog.pg_class c WHERE c.relnamespace = CAST(current_schema() AS regnamespace)"
        " AND c.relname = ANY($1)) t"
        " WHERE t.dead >= 1000 + t.live / 2"
        " AND coalesce(t.last < clock_timestamp() - (t.live + t.dead) * interval '50 microseconds', true)"
        " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d"
        " ON d.oid = l.database WHERE d.datname = current_database() AND l.relation = t.oid"
        " AND l.mode = 'ShareUpdateExclusiveLock')"
        " ORDER BY t.dead DESC LIMIT 1";

    // SKIP_LOCKED: another vacuum, or a change of the schema, is at it and is not waited for.
    // TRUNCATE FALSE: the pages at the end stay for the rows to come. To cut them off needs the table for
    // oneself: under load that is tried for 5 s in vain, and where it succeeds it stops the readers of a
    // standby. Autovacuum does it when it is quiet.
    // PARALLEL 0: no processes more; the indexes are small.
    // INDEX_CLEANUP stays as it is: to leave out the indexes would keep the dead rows' line pointers, and
    // makes sense for hardly any dead rows, where PostgreSQL does so by itself.
    constexpr const char* VACUUM = "VACUUM (SKIP_LOCKED, TRUNCATE FALSE, PARALLEL 0) ";
  }

  TableVacuum::TableVacuum(IDatabase& database, const PostgreSQLParameters& parameters)
      : database_(database), parameters_(parameters)
  {
  }

  void TableVacuum::Run(const std::vector<std::string>& tables, const std::stop_token& stop)
  {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || Clock::now() < pausedUntil_)
    {
      return;
    }
    try
    {
      VacuumAll(tables, stop);
    }
    catch (const StatementError& error)
    {
      if (!stop.stop_requested())
      {
        PutOff(std::string("A table of the database cannot be vacuumed now, autovacuum has to do it: ") +
                   error.what(),
               AFTER_FAILURE);
      }
    }
    catch (const DatabaseError& error) // no connection, or somebody was in the way
    {
      LogInfo(std::string("The tables of jobs will be vacuumed later: ") + error.what());
    }
  }

  // Each question is put anew: meanwhile another replica may have done the rest.
  void TableVacuum::VacuumAll(std::vector<std::string> tables, const std::stop_token& stop)
  {
    std::unique_ptr<PostgreSQLConnection> connection;
    while (!stop.stop_requested())
    {
      const auto due = FindDue(tables);
      if (!due)
      {
        return;
      }
      if (!due->isAllowed)
      {
        PutOff("This server has no right to vacuum the tables of jobs. Autovacuum does, but later: under "
               "hundreds of jobs per second they become larger than needed (see "
               "Resources/Documentation/roles.md)",
               WITHOUT_RIGHT);
        return;
      }
      if (connection == nullptr)
      {
        connection = std::make_unique<PostgreSQLConnection>(parameters_);
      }
      ExecuteUntilStop(*connection, VACUUM + due->qualified, stop);
      std::erase(tables, due->name);
    }
  }

  std::optional<TableVacuum::DueTable> TableVacuum::FindDue(const std::vector<std::string>& tables)
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction) -> std::optional<DueTable>
        {
          const auto found = transaction.QueryOptional<std::string, std::string, bool>(FIND_DUE, tables);
          if (!found)
          {
            return std::nullopt;
          }
          return DueTable{std::get<0>(*found), std::get<1>(*found), std::get<2>(*found)};
        },
        BACKGROUND_POLICY);
  }

  void TableVacuum::PutOff(const std::string& reason, std::chrono::minutes pause)
  {
    pausedUntil_ = Clock::now() + pause;
    if (!hasWarned_)
    {
      hasWarned_ = true;
      LogWarning(reason);
    }
  }
}
