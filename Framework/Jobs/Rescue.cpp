// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/Rescue.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/ActionStore.h"
#include "Framework/Jobs/JobMessages.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::hours WAIT_FOR_PULSE{1};
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};
  }

  Rescue::Rescue(const JobsConfiguration& configuration, const ReplicaIdentity& identity, IDatabase& database,
                 IMessageBus& bus)
      : configuration_(configuration), identity_(identity), database_(database), bus_(bus),
        task_("The rescue of the jobs of lost replicas",
              [this]
              {
                while (RescueBatch())
                {
                }
                return std::chrono::milliseconds(WAIT_FOR_PULSE);
              })
  {
  }

  void Rescue::Start()
  {
    task_.Start();
  }

  void Rescue::Stop()
  {
    task_.Stop();
  }

  void Rescue::Wake()
  {
    task_.Wake();
  }

  bool Rescue::RescueBatch()
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [this](Transaction& transaction)
        {
          const auto row = transaction.QueryOptional<std::string, std::string>(
              "SELECT incarnation, serverIdentifier FROM SharedReplicas WHERE incarnation <> $1"
              " AND heartbeatAt + leaseMicroseconds < SharedNow()"
              " ORDER BY heartbeatAt LIMIT 1 FOR UPDATE SKIP LOCKED",
              identity_.incarnation);
          if (!row)
          {
            return false;
          }
          const DeadReplica dead{std::get<0>(*row), std::get<1>(*row)};
          CarryOutRequests(transaction, bus_, {dead.incarnation, dead.serverIdentifier, "", ""}, true, {});
          std::vector<std::string> changed;
          FailExhausted(transaction, dead, changed);
          Requeue(transaction, dead, changed);
          FailLocal(transaction, dead, changed);
          const int64_t removed = transaction.ExecuteCounted(
              "DELETE FROM SharedReplicas WHERE incarnation = $1 AND NOT EXISTS (SELECT 1 FROM SharedJobs"
              " WHERE owner = $1 AND completedAt IS NULL)",
              dead.incarnation);
          bus_.Publish(transaction, MESSAGE_JOBS);
          PublishChanges(bus_, transaction, changed);
          if (removed > 0)
          {
            LogWarning("The lease of replica " + dead.serverIdentifier + " (start " + dead.incarnation +
                       ") has run out: its jobs have been taken over");
          }
          return true;
        },
        BACKGROUND_POLICY);
  }

  void Rescue::FailExhausted(Transaction& transaction, const DeadReplica& dead,
                             std::vector<std::string>& changed) const
  {
    const auto failed = transaction.Query<std::string>(
        "WITH batch AS (SELECT id FROM SharedJobs WHERE owner = $1 AND origin = 0 AND completedAt IS NULL"
        " AND state <> 4 AND attempts >= $2 ORDER BY seq LIMIT 200 FOR UPDATE SKIP LOCKED)"
        " UPDATE SharedJobs SET revision = revision + 1, state = 3, errorCode = $3, crashes = crashes + 1,"
        " requestedAction = NULL, requestedRevision = NULL, changedAt = SharedNow(), completedAt = "
        "SharedNow() WHERE id IN (SELECT id FROM batch) RETURNING id",
        dead.incarnation, configuration_.maximumAttempts, ErrorCode::InternalError);
    for (const auto& [id] : failed)
    {
      changed.push_back(id);
      transaction.Execute(
          "UPDATE SharedJobDetails SET errorDetails = $2 || lostReplicas || CASE WHEN lostReplicas = ''"
          " THEN '' ELSE ', ' END || $3 WHERE id = $1",
          id,
          "Given up after " + std::to_string(configuration_.maximumAttempts) +
              " attempts: lost together with the replicas ",
          dead.serverIdentifier);
    }
  }

  void Rescue::Requeue(Transaction& transaction, const DeadReplica& dead,
                       std::vector<std::string>& changed) const
  {
    const auto requeued = transaction.Query<std::string>(
        "WITH batch AS (SELECT id FROM SharedJobs WHERE owner = $1 AND origin = 0 AND completedAt IS NULL"
        " AND (state = 4 OR attempts < $2) ORDER BY seq LIMIT 200 FOR UPDATE SKIP LOCKED)"
        " UPDATE SharedJobs SET revision = revision + 1, state = CASE WHEN state = 4 THEN 4 ELSE 0 END,"
        " progress = 0, crashes = crashes + 1, owner = NULL, replica = NULL, localId = NULL,"
        " requestedAction = NULL, requestedRevision = NULL, changedAt = SharedNow() WHERE id IN (SELECT id "
        "FROM batch) RETURNING id",
        dead.incarnation, configuration_.maximumAttempts);
    for (const auto& [id] : requeued)
    {
      changed.push_back(id);
      transaction.Execute("UPDATE SharedJobDetails SET lostReplicas = lostReplicas ||"
                          " CASE WHEN lostReplicas = '' THEN '' ELSE ', ' END || $2 WHERE id = $1",
                          id, dead.serverIdentifier);
    }
  }

  void Rescue::FailLocal(Transaction& transaction, const DeadReplica& dead,
                         std::vector<std::string>& changed) const
  {
    const auto failed = transaction.Query<std::string>(
        "WITH batch AS (SELECT id FROM SharedJobs WHERE owner = $1 AND origin = 1 AND completedAt IS NULL"
        " ORDER BY seq LIMIT 200 FOR UPDATE SKIP LOCKED)"
        " UPDATE SharedJobs SET revision = revision + 1, state = 3, errorCode = $2,"
        " requestedAction = NULL, requestedRevision = NULL, changedAt = SharedNow(), completedAt = "
        "SharedNow() WHERE id IN (SELECT id FROM batch) RETURNING id",
        dead.incarnation, ErrorCode::InternalError);
    for (const auto& [id] : failed)
    {
      changed.push_back(id);
      transaction.Execute("UPDATE SharedJobDetails SET errorDetails = $2 WHERE id = $1", id,
                          "Replica lost: " + dead.serverIdentifier + " does not answer any more");
    }
  }
}
