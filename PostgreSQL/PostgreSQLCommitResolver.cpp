// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLCommitResolver.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLConnection.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    using Clock = std::chrono::steady_clock;

    // An instance is at stake: to give up means that the core removes its files, although the index may have
    // it.
    constexpr int PATIENCE_WITH_PROOF = 5;

    constexpr std::chrono::seconds BEFORE_ENDING_PROCESS(5);
    constexpr std::chrono::milliseconds FIRST_PAUSE(20);
    constexpr std::chrono::milliseconds LONGEST_PAUSE(500);

    enum class Status
    {
      Committed,
      Aborted,
      InProgress,
      Forgotten
    };

    Status AskStatus(const PostgreSQLConnection& connection, const std::string& transactionId)
    {
      // A number that was not given out yet: to ask about it would be an error.
      const PostgreSQLResult result =
          connection.Execute("SELECT CASE WHEN CAST($1 AS xid8) < pg_current_xact_id()"
                             " THEN coalesce(pg_xact_status(CAST($1 AS xid8)), 'too old') ELSE 'aborted' END",
                             {transactionId});
      const std::string status = PQgetvalue(result.get(), 0, 0);
      return status == "committed"     ? Status::Committed
             : status == "aborted"     ? Status::Aborted
             : status == "in progress" ? Status::InProgress
                                       : Status::Forgotten;
    }

    bool FindProof(const PostgreSQLConnection& connection, const PostgreSQLParameters& parameters,
                   const DoubtfulCommit& commit)
    {
      connection.Execute("BEGIN", {});
      connection.ApplySettings(parameters.schema, true);
      const PostgreSQLResult found = connection.Execute(commit.proof, {commit.proofParameter});
      connection.Execute("COMMIT", {});
      return PQntuples(found.get()) != 0;
    }

    // Ends the process whose transaction is not known. True if it was still there.
    bool EndProcess(const PostgreSQLConnection& connection, const DoubtfulCommit& commit)
    {
      const PostgreSQLResult ended = connection.Execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = CAST($1 AS INTEGER)"
          " AND CAST(EXTRACT(EPOCH FROM backend_start) AS TEXT) = $2",
          {std::to_string(commit.process), commit.processStart});
      return PQntuples(ended.get()) != 0;
    }

    // Nothing if the transaction still runs. On a successor that is another one of the same number.
    std::optional<bool> IsCommitted(const PostgreSQLConnection& connection,
                                    const PostgreSQLParameters& parameters, const DoubtfulCommit& commit)
    {
      const bool isSameServer = connection.GetIncarnation() == commit.incarnation;
      if (commit.transactionId.empty())
      {
        // The end comes before the question: what is still on its way to that process is lost with it.
        return isSameServer && EndProcess(connection, commit)
                   ? std::nullopt
                   : std::make_optional(FindProof(connection, parameters, commit));
      }
      const Status status = AskStatus(connection, commit.transactionId);
      if (status == Status::InProgress)
      {
        return std::nullopt;
      }
      if (status == Status::Aborted || (status == Status::Committed && isSameServer))
      {
        return status == Status::Committed;
      }
      if (commit.proof.empty())
      {
        throw StatementError(isSameServer ? "PostgreSQL does not remember the transaction any more"
                                          : "PostgreSQL has crashed, or another server has taken over");
      }
      return FindProof(connection, parameters, commit);
    }

    // A COMMIT whose process was ended may not have reached the standbys. This one returns when everything
    // before it has, as far as the server is configured to wait for them.
    void WaitUntilSafe(const PostgreSQLConnection& connection)
    {
      connection.Execute("SELECT pg_logical_emit_message(true, 'registry', '')", {});
    }

    // Whoever still runs this very transaction
    void EndProcess(const PostgreSQLConnection& connection, const std::string& transactionId)
    {
      connection.Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                         " WHERE backend_xid = CAST(CAST($1 AS xid8) AS xid)",
                         {transactionId});
    }
  }

  void ResolveCommit(const PostgreSQLParameters& parameters, const DoubtfulCommit& commit)
  {
    LogWarning("The connection to PostgreSQL broke during a COMMIT, asking what became of " +
               (commit.transactionId.empty()
                    ? "the last transaction of process " + std::to_string(commit.process)
                    : "transaction " + commit.transactionId));
    const Clock::time_point start = Clock::now();
    const auto limit = std::chrono::seconds(parameters.commitResolutionSeconds) *
                       (commit.proof.empty() ? 1 : PATIENCE_WITH_PROOF);
    const auto patience = std::min<Clock::duration>(BEFORE_ENDING_PROCESS, limit / 2);
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
        const std::optional<bool> isCommitted = IsCommitted(*connection, parameters, commit);
        if (isCommitted == true)
        {
          WaitUntilSafe(*connection);
          return;
        }
        if (isCommitted == false)
        {
          aborted = true;
          break;
        }
        if (Clock::now() - start > patience && !commit.transactionId.empty() &&
            connection->GetIncarnation() == commit.incarnation)
        {
          EndProcess(*connection, commit.transactionId);
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
