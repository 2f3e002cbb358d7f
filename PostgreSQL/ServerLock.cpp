// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/ServerLock.h"

#include "Framework/Database/Retry.h"

#include <limits>

namespace OrthancRegistry
{
  namespace
  {
    PostgreSQLParameters WithOneLastingConnection(PostgreSQLParameters parameters)
    {
      parameters.maximumConnections = 1;
      parameters.idleReleaseSeconds = std::numeric_limits<int32_t>::max();
      return parameters;
    }
  }

  ServerLock::ServerLock(const PostgreSQLParameters& parameters, int64_t number)
      : database_(WithOneLastingConnection(parameters))
  {
    const auto isTaken =
        RunTransaction(database_, AccessMode::ReadWrite,
                       [&](Transaction& transaction)
                       {
                         return transaction.QueryValue<bool>("SELECT pg_try_advisory_lock($1)", number);
                       });
    if (!isTaken)
    {
      throw RegistryError(
          ErrorCode::DatabaseUnavailable,
          "Another Orthanc uses this PostgreSQL database. Set \"PostgreSQL.Lock\" to false in all of "
          "them to share it");
    }
  }

  void CheckSchemaExists(IDatabase& database, const std::string& schema)
  {
    const auto count = RunTransaction(database, AccessMode::ReadOnly,
                                      [&](Transaction& transaction)
                                      {
                                        return transaction.QueryValue<int64_t>(
                                            "SELECT COUNT(*) FROM pg_namespace WHERE nspname = $1", schema);
                                      });
    if (count == 0)
    {
      throw RegistryError(
          ErrorCode::IncompatibleConfigurations,
          "The schema \"" + schema +
              "\" does not exist in the PostgreSQL database: an administrator must create it");
    }
  }
}
