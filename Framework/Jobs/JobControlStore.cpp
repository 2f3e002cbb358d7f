// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobControlStore.h"

#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobMessages.h"

namespace OrthancRegistry
{
  JobControlStore::JobControlStore(IDatabase& database, IMessageBus& bus) : database_(database), bus_(bus)
  {
  }

  std::optional<ControlledJob> JobControlStore::Read(const std::string& id)
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          using Text = std::optional<std::string>;
          std::optional<ControlledJob> found;
          transaction.QueryEach<std::string, int64_t, JobState, JobOrigin, Text, Text, Text,
                                std::optional<JobAction>, std::optional<int64_t>, int64_t, int, bool>(
              "SELECT id, revision, state, origin, owner, replica, localId, requestedAction,"
              " requestedRevision, answeredRevision, answerCode, CASE WHEN EXISTS (SELECT 1 FROM"
              " SharedReplicas WHERE incarnation = SharedJobs.owner) THEN 1 ELSE 0 END"
              " FROM SharedJobs WHERE id = $1",
              [&found](std::string jobId, int64_t revision, JobState state, JobOrigin origin,
                       const Text& owner, const Text& replica, const Text& localId,
                       std::optional<JobAction> requestedAction, std::optional<int64_t> requestedRevision,
                       int64_t answeredRevision, int answerCode, bool isOwnerThere)
              {
                found = ControlledJob{std::move(jobId),
                                      revision,
                                      state,
                                      origin,
                                      owner.value_or(""),
                                      replica.value_or(""),
                                      localId.value_or(""),
                                      requestedAction,
                                      requestedRevision.value_or(0),
                                      answeredRevision,
                                      answerCode,
                                      isOwnerThere};
              },
              id);
          return found;
        });
  }

  template <typename Change>
  bool JobControlStore::Apply(const ControlledJob& job, bool isWaiting, Change change)
  {
    return RunTransaction(database_, AccessMode::ReadWrite,
                          [&](Transaction& transaction)
                          {
                            if (change(transaction) == 0)
                            {
                              return false;
                            }
                            if (isWaiting)
                            {
                              bus_.Publish(transaction, MESSAGE_JOBS);
                            }
                            PublishChanges(bus_, transaction, {job.id});
                            return true;
                          });
  }

  bool JobControlStore::Cancel(const ControlledJob& job)
  {
    return Apply(job, false,
                 [&](Transaction& transaction)
                 {
                   const int64_t changed = transaction.ExecuteCounted(
                       "UPDATE SharedJobs SET revision = revision + 1, state = 3, errorCode = $3,"
                       " changedAt = SharedNow(), completedAt = SharedNow(), notBefore = NULL"
                       " WHERE id = $1 AND revision = $2 AND origin = 0",
                       job.id, job.revision, ErrorCode::CanceledJob);
                   if (changed > 0)
                   {
                     transaction.Execute(
                         "UPDATE SharedJobDetails SET errorDetails = '', errorPayload = NULL WHERE id = $1",
                         job.id);
                   }
                   return changed;
                 });
  }

  bool JobControlStore::Pause(const ControlledJob& job)
  {
    return Apply(job, false,
                 [&](Transaction& transaction)
                 {
                   // The time of the client is kept; the one of a retry is not: resumed, it runs at once
                   return transaction.ExecuteCounted(
                       "UPDATE SharedJobs SET revision = revision + 1, state = 4, changedAt = SharedNow(),"
                       " notBefore = CASE WHEN state = 5 THEN NULL ELSE notBefore END"
                       " WHERE id = $1 AND revision = $2 AND origin = 0",
                       job.id, job.revision);
                 });
  }

  bool JobControlStore::Resume(const ControlledJob& job)
  {
    return Apply(job, true,
                 [&](Transaction& transaction)
                 {
                   return transaction.ExecuteCounted(
                       "UPDATE SharedJobs SET revision = revision + 1, state = 0, changedAt = SharedNow()"
                       " WHERE id = $1 AND revision = $2 AND origin = 0",
                       job.id, job.revision);
                 });
  }

  bool JobControlStore::Resubmit(const ControlledJob& job)
  {
    return Apply(job, true,
                 [&](Transaction& transaction)
                 {
                   const int64_t changed = transaction.ExecuteCounted(
                       "UPDATE SharedJobs SET revision = revision + 1, state = 0, progress = 0,"
                       " runtimeMilliseconds = 0, attempts = 0, retries = 0, crashes = 0, owner = NULL,"
                       " replica = NULL, localId = NULL, completedAt = NULL, notBefore = NULL,"
                       " changedAt = SharedNow() WHERE id = $1 AND revision = $2 AND origin = 0",
                       job.id, job.revision);
                   if (changed > 0)
                   {
                     transaction.Execute("UPDATE SharedJobDetails SET lostReplicas = '' WHERE id = $1",
                                         job.id);
                     transaction.Execute("DELETE FROM SharedJobOutputs WHERE jobId = $1", job.id);
                   }
                   return changed;
                 });
  }

  std::optional<int64_t> JobControlStore::Request(const ControlledJob& job, JobAction action)
  {
    return RunTransaction(database_, AccessMode::ReadWrite,
                          [&](Transaction& transaction) -> std::optional<int64_t>
                          {
                            const auto requested = transaction.QueryOptional<int64_t>(
                                "UPDATE SharedJobs SET revision = revision + 1, requestedAction = $3,"
                                " requestedRevision = revision + 1, changedAt = SharedNow()"
                                " WHERE id = $1 AND revision = $2 AND owner IS NOT NULL RETURNING revision",
                                job.id, job.revision, action);
                            if (!requested)
                            {
                              return std::nullopt;
                            }
                            bus_.Publish(transaction, std::string(MESSAGE_ACT) + job.owner);
                            return std::get<0>(*requested);
                          });
  }

  bool JobControlStore::DropRequest(const ControlledJob& job)
  {
    return Apply(job, false,
                 [&](Transaction& transaction)
                 {
                   return transaction.ExecuteCounted(
                       "UPDATE SharedJobs SET revision = revision + 1, requestedAction = NULL,"
                       " requestedRevision = NULL, changedAt = SharedNow()"
                       " WHERE id = $1 AND revision = $2",
                       job.id, job.revision);
                 });
  }

  bool JobControlStore::Delete(const ControlledJob& job)
  {
    return Apply(job, false,
                 [&](Transaction& transaction)
                 {
                   const int64_t deleted = transaction.ExecuteCounted(
                       "DELETE FROM SharedJobs WHERE id = $1 AND revision = $2 AND completedAt IS NOT NULL",
                       job.id, job.revision);
                   if (deleted > 0 && job.isOwnerThere && !job.localId.empty())
                   {
                     bus_.Publish(transaction, std::string(MESSAGE_FORGET) + job.owner + ":" + job.localId);
                   }
                   return deleted;
                 });
  }
}
