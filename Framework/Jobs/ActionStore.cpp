// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ActionStore.h"

#include "Framework/Database/Retry.h"
#include "Framework/Jobs/CrashRecords.h"
#include "Framework/Jobs/JobMessages.h"

namespace OrthancRegistry
{
  namespace
  {
    // Background threads try again by themselves.
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};
  }

  ActionStore::ActionStore(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus)
      : identity_(identity), database_(database), bus_(bus)
  {
  }

  std::vector<RequestedAction> ActionStore::GetRequested(const std::vector<std::string>& without)
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::vector<RequestedAction> requests;
          transaction.QueryEach<std::string, JobOrigin, int64_t, JobAction, int64_t>(
              "SELECT id, origin, fence, requestedAction, requestedRevision FROM SharedJobs"
              " WHERE owner = $1 AND requestedAction IS NOT NULL AND NOT (id = ANY($2))"
              " ORDER BY changedAt, id LIMIT $3",
              [&requests](std::string jobId, JobOrigin origin, int64_t fence, JobAction action,
                          int64_t revision)
              {
                requests.push_back({std::move(jobId), origin, fence, action, revision});
              },
              identity_.incarnation, without, MAXIMUM_BATCH);
          return requests;
        },
        BACKGROUND_POLICY);
  }

  void ActionStore::Answer(const std::vector<ActionReply>& replies)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          for (const ActionReply& reply : replies)
          {
            transaction.Execute(
                "UPDATE SharedJobs SET revision = revision + 1, requestedAction = NULL,"
                " requestedRevision = NULL, answeredRevision = $3, answerCode = $4, changedAt = SharedNow()"
                " WHERE id = $1 AND owner = $2 AND requestedRevision = $3",
                reply.jobId, identity_.incarnation, reply.requestedRevision, reply.code);
            PublishChanges(bus_, transaction, {reply.jobId});
          }
        },
        BACKGROUND_POLICY);
  }

  bool ActionStore::GiveUpRun(const RequestedAction& request)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const bool isCancelled = request.action == JobAction::Cancel;
          const int64_t changed = transaction.ExecuteCounted(
              "UPDATE SharedJobs SET revision = revision + 1, state = CASE WHEN $5 = 1 THEN 3 ELSE 4 END,"
              " errorCode = CASE WHEN $5 = 1 THEN $6 ELSE errorCode END,"
              " completedAt = CASE WHEN $5 = 1 THEN SharedNow() ELSE NULL END, progress = 0,"
              " attempts = attempts - 1, owner = NULL, replica = NULL, requestedAction = NULL,"
              " requestedRevision = NULL, answeredRevision = $4, answerCode = 0, changedAt = SharedNow()"
              " WHERE id = $1 AND owner = $2 AND fence = $3 AND requestedRevision = $4 AND origin = 0"
              " AND state = 1 AND localId IS NULL",
              request.jobId, identity_.incarnation, request.fence, request.requestedRevision, isCancelled,
              ErrorCode::CanceledJob);
          if (changed > 0 && isCancelled)
          {
            transaction.Execute(
                "UPDATE SharedJobDetails SET errorDetails = '', errorPayload = NULL WHERE id = $1",
                request.jobId);
          }
          if (changed > 0)
          {
            PublishChanges(bus_, transaction, {request.jobId});
          }
          return changed > 0;
        },
        BACKGROUND_POLICY);
  }

  void CarryOutRequests(Transaction& transaction, IMessageBus& bus, const ReplicaIdentity& owner, bool isLost,
                        const std::vector<std::string>& kept)
  {
    const auto carriedOut = transaction.Query<std::string, int64_t>(
        "UPDATE SharedJobs SET revision = revision + 1,"
        " state = CASE requestedAction WHEN 0 THEN 3 WHEN 1 THEN 4 ELSE 0 END,"
        " errorCode = CASE WHEN requestedAction = 0 THEN $4 ELSE errorCode END,"
        " completedAt = CASE WHEN requestedAction = 0 THEN SharedNow() ELSE NULL END, progress = 0,"
        " attempts = CASE WHEN $2 = 1 OR state = 4 OR attempts = 0 THEN attempts ELSE attempts - 1 END,"
        " crashes = crashes + $2, owner = NULL, replica = NULL, localId = NULL, requestedAction = NULL,"
        " requestedRevision = NULL, answeredRevision = requestedRevision, answerCode = 0,"
        " changedAt = SharedNow()"
        " WHERE owner = $1 AND origin = 0 AND completedAt IS NULL AND requestedAction IS NOT NULL"
        " AND NOT (id = ANY($3)) RETURNING id, fence",
        owner.incarnation, isLost, kept, ErrorCode::CanceledJob);
    for (const auto& [id, fence] : carriedOut)
    {
      transaction.Execute("UPDATE SharedJobDetails SET errorDetails = '', errorPayload = NULL"
                          " WHERE id = $1 AND EXISTS (SELECT 1 FROM SharedJobs WHERE id = $1 AND state = 3)",
                          id);
      if (isLost)
      {
        transaction.Execute("UPDATE SharedJobDetails SET lostReplicas = lostReplicas || $2 WHERE id = $1", id,
                            MakeCrashRecord(owner.serverIdentifier, owner.incarnation, fence));
      }
      PublishChanges(bus, transaction, {id});
    }
    if (isLost)
    {
      transaction.Execute("UPDATE SharedJobs SET revision = revision + 1, requestedAction = NULL,"
                          " requestedRevision = NULL, changedAt = SharedNow() WHERE owner = $1"
                          " AND requestedAction IS NOT NULL AND completedAt IS NOT NULL",
                          owner.incarnation);
    }
  }
}
