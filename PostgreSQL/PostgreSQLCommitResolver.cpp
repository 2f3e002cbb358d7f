// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLCommitResolver.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLConnection.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    using Clock = std::chrono::steady_clock;

    constexpr std::chrono::milliseconds FIRST_PAUSE(20);
    constexpr std::chrono::milliseconds LONGEST_PAUSE(500);

    enum class Outcome
    {
      Committed,
      Aborted,
      InProgress
    };

    Outcome AskOutcome(const PostgreSQLConnection& connection, const std::string& transactionId)
    {
      const PostgreSQLResult result =
          connection.Execute("SELECT coalesce(pg_xact_status(CAST($1 AS xid8)), 'too old')", {transactionId});
      const std::string status = PQgetvalue(result.get(), 0, 0);
      if (status == "committed")
      {
        return Outcome::Committed;
      }
      if (status == "aborted")
      {
        return Outcome::Aborted;
      }
      if (status == "in progress")
      {
        return Outcome::InProgress;
      }
      throw StatementError("PostgreSQL does not remember the transaction any more");
    }

    // Only if that process still runs this very transaction
    void EndProcess(const PostgreSQLConnection& connection, const std::string& transactionId, int process)
    {
      connection.Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                         " WHERE pid = CAST($1 AS int) AND backend_xid = CAST(CAST($2 AS xid8) AS xid)",
                         {std::to_string(process), transactionId});
    }
  }

  void ResolveCommit(const PostgreSQLParameters& parameters, const std::string& transactionId, int process)
  {
    LogWarning("The connection to PostgreSQL broke during a COMMIT, asking what became of transaction " +
               transactionId);
    const Clock::time_point start = Clock::now();
    const auto limit = std::chrono::seconds(parameters.commitResolutionSeconds);
    std::chrono::milliseconds pause = FIRST_PAUSE;
    std::unique_ptr<PostgreSQLConnection> connection;
    std::string reason = "it is still in progress";
    bool aborted = false;
    while (Clock::now() - start < limit)
    {
      try
      {
        if (connection == nullptr)
        {
          connection = std::make_unique<PostgreSQLConnection>(parameters);
        }
        const Outcome outcome = AskOutcome(*connection, transactionId);
        if (outcome == Outcome::Committed)
        {
          return;
        }
        if (outcome == Outcome::Aborted)
        {
          aborted = true;
          break;
        }
        if (Clock::now() - start > limit / 2)
        {
          EndProcess(*connection, transactionId, process);
        }
      }
      catch (const ConnectionLostError& error)
      {
        connection.reset();
        reason = error.what();
      }
      catch (const DatabaseError& error)
      {
        throw CommitInDoubtError("It is unknown whether a transaction was committed: " +
                                 std::string(error.what()));
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, LONGEST_PAUSE);
    }
    if (aborted)
    {
      throw ConnectionLostError("The connection to PostgreSQL broke, the transaction was rolled back");
    }
    throw CommitInDoubtError("It is unknown whether a transaction was committed: " + reason);
  }
}
