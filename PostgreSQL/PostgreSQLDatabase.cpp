// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLDatabase.h"

#include "Framework/Database/ConnectionPool.h"
#include "PostgreSQL/PostgreSQLSession.h"
#include "PostgreSQL/TableVacuum.h"

namespace OrthancRegistry
{
  class PostgreSQLDatabase::Implementation
  {
  public:
    Implementation(IDatabase& database, const PostgreSQLParameters& parameters)
        : pool_({parameters.maximumConnections, std::chrono::seconds(parameters.acquireTimeoutSeconds),
                 std::chrono::seconds(parameters.idleReleaseSeconds)},
                [parameters, generation = std::make_shared<SessionGeneration>(0)]
                {
                  return std::make_unique<PostgreSQLSession>(
                      parameters, PostgreSQLConnection::ConnectWithRetries(parameters), generation);
                }),
          vacuum_(database, parameters)
    {
      CheckSchemaName(parameters.schema);
    }

    ConnectionPool& GetPool()
    {
      return pool_;
    }

    TableVacuum& GetVacuum()
    {
      return vacuum_;
    }

  private:
    ConnectionPool pool_;
    TableVacuum vacuum_;
  };

  PostgreSQLDatabase::PostgreSQLDatabase(const PostgreSQLParameters& parameters)
      : implementation_(std::make_unique<Implementation>(*this, parameters))
  {
  }

  PostgreSQLDatabase::~PostgreSQLDatabase() = default;

  std::string_view PostgreSQLDatabase::GetBootstrapScript() const
  {
    // STABLE, although the clock moves on: a comparison with a volatile function could not use an index.
    return R"sql(
      CREATE TABLE IF NOT EXISTS SharedVersions (
        component TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        compatible INTEGER NOT NULL DEFAULT 0
      );

      CREATE OR REPLACE FUNCTION SharedNow() RETURNS BIGINT
      LANGUAGE SQL STABLE PARALLEL SAFE
      AS 'SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)';
    )sql";
  }

  SessionLease PostgreSQLDatabase::Acquire(AccessMode)
  {
    return implementation_->GetPool().Acquire();
  }

  void PostgreSQLDatabase::ReuseSpace(const std::vector<std::string>& tables, const std::stop_token& stop)
  {
    implementation_->GetVacuum().Run(tables, stop);
  }

  size_t PostgreSQLDatabase::GetOpenConnections() const
  {
    return implementation_->GetPool().GetStatistics().open;
  }
}
