// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLDatabase.h"

#include "Framework/Database/ConnectionPool.h"
#include "PostgreSQL/PostgreSQLSession.h"

namespace OrthancRegistry
{
  class PostgreSQLDatabase::Implementation
  {
  public:
    explicit Implementation(const PostgreSQLParameters& parameters)
        : pool_({parameters.maximumConnections, std::chrono::seconds(parameters.acquireTimeoutSeconds),
                 std::chrono::seconds(parameters.idleReleaseSeconds)},
                [parameters, generation = std::make_shared<SessionGeneration>(0)]
                {
                  return std::make_unique<PostgreSQLSession>(
                      parameters, PostgreSQLConnection::ConnectWithRetries(parameters), generation);
                })
    {
      CheckSchemaName(parameters.schema);
    }

    ConnectionPool& GetPool()
    {
      return pool_;
    }

  private:
    ConnectionPool pool_;
  };

  PostgreSQLDatabase::PostgreSQLDatabase(const PostgreSQLParameters& parameters)
      : implementation_(std::make_unique<Implementation>(parameters))
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

  size_t PostgreSQLDatabase::GetOpenConnections() const
  {
    return implementation_->GetPool().GetStatistics().open;
  }
}
