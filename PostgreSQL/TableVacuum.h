// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  class IDatabase;
  class PostgreSQLConnection;

  // Has tables vacuumed once many of their rows are dead. Autovacuum decides much the same, but comes once a
  // minute: by then, hundreds of jobs per second have left many times of what is in the tables. Any number of
  // replicas may do so at once: the counters of the server tell them that one was at it. Thread-safe.
  class TableVacuum
  {
  public:
    // Questions go to the database; a vacuum, which cannot be part of a transaction, has a connection of its
    // own.
    TableVacuum(IDatabase& database, const PostgreSQLParameters& parameters);

    // See IDatabase::ReuseSpace().
    void Run(const std::vector<std::string>& tables, const std::stop_token& stop);

  private:
    using Clock = std::chrono::steady_clock;

    struct DueTable
    {
      std::string name;      // as in the catalog
      std::string qualified; // with the schema, as in a statement
      bool isAllowed;
    };

    std::optional<DueTable> FindDue(const std::vector<std::string>& tables);
    void VacuumAll(std::vector<std::string> tables, const std::stop_token& stop);
    void PutOff(const std::string& reason, std::chrono::minutes pause);

    IDatabase& database_;
    const PostgreSQLParameters parameters_;
    std::mutex mutex_; // held by whoever is at it
    Clock::time_point pausedUntil_;
    bool hasWarned_ = false;
  };
}
