// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/Pooling.h"

#include "Framework/Common/Logging.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLConnection.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    // A pooler that is used by others may happen to give the same sessions a few times.
    constexpr int ROUNDS = 10;

    constexpr const char* ADVICE = "Set \"PostgreSQL.DirectUri\" to a URI that reaches the server past the "
                                   "pooler, or let the pooler work "
                                   "by session (pool_mode = session)";

    std::string MakeStatementName()
    {
      std::string name = "registry_" + GenerateUuid();
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    }

    // PgBouncer gives prepared statements names of its own when it works by transaction: only then they can
    // follow the client from session to session.
    bool AreStatementsRenamed(const PostgreSQLConnection& connection)
    {
      const std::string name = MakeStatementName();
      connection.Execute("BEGIN", {});
      const PostgreSQLResult prepared(PQprepare(connection.Get(), name.c_str(),
                                                "SELECT 1 FROM pg_prepared_statements WHERE name = $1", 0,
                                                nullptr));
      if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK)
      {
        throw ConnectionLostError("Cannot prepare a statement: " + connection.GetErrorMessage());
      }
      const PostgreSQLResult found =
          connection.Execute("SELECT 1 FROM pg_prepared_statements WHERE name = $1", {name});
      connection.Execute("COMMIT", {});
      return PQntuples(found.get()) == 0;
    }

    std::string GetProcess(const PostgreSQLConnection& connection)
    {
      const PostgreSQLResult result = connection.Execute("SELECT pg_backend_pid()", {});
      return PQgetvalue(result.get(), 0, 0);
    }

    // Two connections that are open at the same time, in one session of the server, or one connection in two
    // of them
    bool AreSessionsShared(const PostgreSQLConnection& first, const PostgreSQLConnection& second)
    {
      const std::string process = GetProcess(first);
      for (int round = 0; round < ROUNDS; round++)
      {
        if (GetProcess(second) == process || GetProcess(first) != process)
        {
          return true;
        }
      }
      return false;
    }

    const char* Describe(Pooling pooling)
    {
      return pooling == Pooling::Session ? "by session" : "by transaction";
    }
  }

  Pooling DetectPooling(const PostgreSQLParameters& parameters)
  {
    const auto first = PostgreSQLConnection::ConnectWithRetries(parameters);
    if (!first->IsPooled())
    {
      return Pooling::None;
    }
    if (AreStatementsRenamed(*first))
    {
      return Pooling::Transaction;
    }
    const auto second = PostgreSQLConnection::ConnectWithRetries(parameters);
    if (AreSessionsShared(*first, *second))
    {
      throw RegistryError(
          ErrorCode::IncompatibleConfigurations,
          "The pooler between Orthanc and PostgreSQL works by transaction without knowing prepared "
          "statements: "
          "use PgBouncer 1.21 or newer with max_prepared_statements = 200, or pool_mode = session");
    }
    return Pooling::Session;
  }

  bool HasLastingSessions(const PostgreSQLConfiguration& configuration)
  {
    const Pooling pooling = DetectPooling(configuration.parameters);
    if (pooling != Pooling::None)
    {
      LogWarning(std::string("PostgreSQL is reached through a pooler that works ") + Describe(pooling));
    }
    if (configuration.hasDirectUri)
    {
      if (DetectPooling(configuration.lasting) == Pooling::Transaction)
      {
        throw RegistryError(ErrorCode::IncompatibleConfigurations,
                            "\"PostgreSQL.DirectUri\" leads to a pooler that works by transaction: it must "
                            "reach the PostgreSQL server itself");
      }
      return true;
    }
    if (pooling != Pooling::Transaction)
    {
      return true;
    }
    if (configuration.isLocked)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          std::string("\"PostgreSQL.Lock\" cannot be true: the pooler between Orthanc and "
                                      "PostgreSQL works by transaction and cannot keep locks. ") +
                              ADVICE + "; with several Orthancs, set \"PostgreSQL.Lock\" to false");
    }
    LogWarning(
        std::string("MESSAGES BETWEEN REPLICAS CANNOT BE RECEIVED through a pooler that works by "
                    "transaction: the database is asked for news every second instead, which is slower "
                    "and costs more. ") +
        ADVICE);
    return false;
  }
}
