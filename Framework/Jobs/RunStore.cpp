// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunStore.h"

#include "Framework/Common/Utf8.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/ActionStore.h"
#include "Framework/Jobs/FlowRoom.h"
#include "Framework/Jobs/JobMessages.h"
#include "Framework/Jobs/ProgressWriter.h"
#include "Framework/Jobs/RetryWriter.h"
#include "Framework/Jobs/StoredContent.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    // Background threads try again by themselves.
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};
    constexpr RetryPolicy REPEATABLE_POLICY{2, 10, 100, true};

    // With the ids of new runs: somebody may be looking for them.
    std::vector<std::string> GetChangedIds(const CoreUpdates& updates, std::vector<std::string> written)
    {
      for (const RunUpdate& update : updates.runs)
      {
        if (update.isFirst && !update.core.id.empty())
        {
          written.push_back(update.core.id);
        }
      }
      for (const CoreJob& job : updates.localJobs)
      {
        written.push_back(job.id);
      }
      return written;
    }
  }

  RunStore::RunStore(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus,
                     const ReplicaRegistry& registry, const JobsConfiguration& configuration)
      : configuration_(configuration), identity_(identity), database_(database), bus_(bus),
        registry_(registry)
  {
  }

  std::vector<std::string> RunStore::Write(const CoreUpdates& updates)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          std::vector<std::string> written;
          if (!updates.localJobs.empty())
          {
            registry_.EnsureRegistered(transaction);
          }
          for (const RunUpdate& update : updates.runs)
          {
            WriteRun(transaction, update, written);
          }
          for (const CoreJob& job : updates.localJobs)
          {
            if (updates.known.contains(job.id))
            {
              UpdateLocalJob(transaction, job);
            }
            else
            {
              WriteLocalJob(transaction, job);
            }
          }
          WriteProgress(transaction, updates.progress, identity_.incarnation, configuration_, written);
          transaction.Flush();
          if (updates.isSomebodyAsking)
          {
            bus_.Publish(transaction, MESSAGE_CHANGED);
          }
          else
          {
            PublishChanges(bus_, transaction, GetChangedIds(updates, written));
          }
          if (HasMadeRoom(updates, written))
          {
            bus_.Publish(transaction, MESSAGE_JOBS);
          }
          return FindStale(transaction, updates, written);
        },
        REPEATABLE_POLICY);
  }

  // A commit in doubt has been written after all if the row tells of the same run what was to be written.
  std::vector<std::string> RunStore::FindStale(Transaction& transaction, const CoreUpdates& updates,
                                               const std::vector<std::string>& written) const
  {
    std::vector<std::string> stale;
    for (const RunUpdate& update : updates.runs)
    {
      if (std::find(written.begin(), written.end(), update.job.id) != written.end())
      {
        continue;
      }
      const bool isWritten =
          IsEnded(update.core.state) &&
          transaction
              .QueryOptional<std::string>(
                  "SELECT id FROM SharedJobs WHERE id = $1 AND fence = $3 AND errorCode = $5"
                  " AND ((owner = $2 AND state = $4) OR (owner IS NULL AND state = 5 AND $4 = 3))",
                  update.job.id, identity_.incarnation, update.job.fence, update.core.state,
                  update.core.errorCode)
              .has_value();
      if (!isWritten)
      {
        stale.push_back(update.job.id);
      }
    }
    for (const ProgressUpdate& update : updates.progress)
    {
      if (!update.IsLocal() && std::find(written.begin(), written.end(), update.job.id) == written.end())
      {
        stale.push_back(update.job.id);
      }
    }
    return stale;
  }

  // Others may wait for the end of a job that a limit is about.
  bool RunStore::HasMadeRoom(const CoreUpdates& updates, const std::vector<std::string>& written) const
  {
    return std::any_of(updates.runs.begin(), updates.runs.end(),
                       [&](const RunUpdate& update)
                       {
                         return IsEnded(update.core.state) &&
                                IsLimited(configuration_.limits, {update.job.type, update.job.destination}) &&
                                std::find(written.begin(), written.end(), update.job.id) != written.end();
                       });
  }

  void RunStore::WriteRun(Transaction& transaction, const RunUpdate& update,
                          std::vector<std::string>& written) const
  {
    const CoreJob& core = update.core;
    const std::optional<std::string> localId = core.id.empty() ? std::nullopt : std::make_optional(core.id);
    PutOffRetry(transaction, update, identity_.incarnation, configuration_, written);
    const StoredContent content = StoreContent(core.content, configuration_);
    // Not "completedAt IS NULL", here and wherever a row is found by its id: with it PostgreSQL prefers the
    // index of the jobs with an owner, which looks empty, and is full of those that have just ended.
    transaction.QueryLater<std::string>(
        "UPDATE SharedJobs SET revision = revision + 1, state = $4, progress = $5, errorCode = $6,"
        " runtimeMilliseconds = $7, localId = $8, changedAt = SharedNow(), completedAt = CASE WHEN $9 = 1"
        " THEN SharedNow() ELSE NULL END, requestedAction = CASE WHEN $9 = 1 THEN NULL ELSE requestedAction"
        " END, requestedRevision = CASE WHEN $9 = 1 THEN NULL ELSE requestedRevision END"
        " WHERE id = $1 AND owner = $2 AND fence = $3 AND state <> 2 AND state <> 3 RETURNING id",
        [&written](std::string id)
        {
          written.push_back(std::move(id));
        },
        update.job.id, identity_.incarnation, update.job.fence, core.state, core.progress, core.errorCode,
        core.runtimeMilliseconds, localId, IsEnded(core.state));
    transaction.Execute(
        "UPDATE SharedJobDetails SET content = $4, packedContent = $7, errorDetails = $5, errorPayload = $6"
        " WHERE id = $1"
        " AND EXISTS (SELECT 1 FROM SharedJobs WHERE id = $1 AND owner = $2 AND fence = $3)",
        update.job.id, identity_.incarnation, update.job.fence, content.text,
        ToStorableText(core.errorDetails), StoreValue(core.errorPayload, configuration_), content.packed);
    if (update.isFirst && localId)
    {
      if (update.job.type == PLUGIN_JOB_TYPE)
      {
        transaction.Execute("UPDATE SharedJobs SET type = $4 WHERE id = $1 AND owner = $2 AND fence = $3"
                            " AND type = 'Plugin'",
                            update.job.id, identity_.incarnation, update.job.fence,
                            ToStorableText(core.type));
      }
      transaction.Execute(
          "INSERT INTO SharedJobRuns(localId, jobId, attempt, incarnation)"
          " SELECT $1, id, $3, $4 FROM SharedJobs WHERE id = $2 ON CONFLICT (localId) DO NOTHING",
          core.id, update.job.id, update.job.attempt, identity_.incarnation);
    }
    if (update.isTakenForLocal)
    {
      transaction.Execute("DELETE FROM SharedJobs WHERE id = $1 AND origin = 1", core.id);
    }
  }

  void RunStore::WriteLocalJob(Transaction& transaction, const CoreJob& job) const
  {
    transaction.Execute(
        "INSERT INTO SharedJobs(id, type, state, origin, priority, progress, errorCode, createdAt, changedAt,"
        " completedAt, runtimeMilliseconds, attempts, owner, replica, localId)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, SharedNow(), SharedNow(), CASE WHEN $8 = 1 THEN SharedNow()"
        " ELSE NULL END, $7, 1, $9, $10, $1)"
        " ON CONFLICT (id) DO UPDATE SET revision = SharedJobs.revision + 1, state = excluded.state,"
        " type = excluded.type, priority = excluded.priority, progress = excluded.progress,"
        " errorCode = excluded.errorCode, changedAt = excluded.changedAt, completedAt = excluded.completedAt,"
        " runtimeMilliseconds = excluded.runtimeMilliseconds, owner = excluded.owner,"
        " replica = excluded.replica WHERE SharedJobs.origin = 1",
        job.id, ToStorableText(job.type), job.state, job.priority, job.progress, job.errorCode,
        job.runtimeMilliseconds, IsEnded(job.state), identity_.incarnation, identity_.serverIdentifier);
    WriteLocalDetails(transaction, job);
  }

  void RunStore::UpdateLocalJob(Transaction& transaction, const CoreJob& job) const
  {
    transaction.Execute(
        "UPDATE SharedJobs SET revision = revision + 1, state = $3, type = $2, priority = $4, progress = $5,"
        " errorCode = $6, changedAt = SharedNow(), completedAt = CASE WHEN $8 = 1 THEN SharedNow() ELSE NULL"
        " END, runtimeMilliseconds = $7, owner = $9, replica = $10 WHERE id = $1 AND origin = 1",
        job.id, ToStorableText(job.type), job.state, job.priority, job.progress, job.errorCode,
        job.runtimeMilliseconds, IsEnded(job.state), identity_.incarnation, identity_.serverIdentifier);
    WriteLocalDetails(transaction, job);
  }

  void RunStore::WriteLocalDetails(Transaction& transaction, const CoreJob& job) const
  {
    const StoredContent content = StoreContent(job.content, configuration_);
    transaction.Execute(
        "INSERT INTO SharedJobDetails(id, content, errorDetails, errorPayload, userData, packedContent)"
        " SELECT $1, $2, $3, $4, $5, $6 FROM SharedJobs WHERE id = $1 AND origin = 1"
        " ON CONFLICT (id) DO UPDATE SET content = excluded.content, errorDetails = excluded.errorDetails,"
        " errorPayload = excluded.errorPayload, userData = excluded.userData,"
        " packedContent = excluded.packedContent",
        job.id, content.text, ToStorableText(job.errorDetails), StoreValue(job.errorPayload, configuration_),
        StoreValue(job.userData, configuration_), content.packed);
  }

  void RunStore::Release(const std::vector<std::string>& kept)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          CarryOutRequests(transaction, bus_, identity_, false, kept);
          std::vector<std::string> ids;
          const auto add = [&ids](std::string id)
          {
            ids.push_back(std::move(id));
          };
          transaction.QueryEach<std::string>(
              "UPDATE SharedJobs SET revision = revision + 1, state = 0, progress = 0, attempts = attempts - "
              "1,"
              " owner = NULL, replica = NULL, localId = NULL, requestedAction = NULL,"
              " requestedRevision = NULL, changedAt = SharedNow()"
              " WHERE owner = $1 AND origin = 0 AND completedAt IS NULL AND state <> 4 AND attempts > 0"
              " AND NOT (id = ANY($2)) RETURNING id",
              add, identity_.incarnation, kept);
          if (!ids.empty())
          {
            bus_.Publish(transaction, MESSAGE_JOBS);
          }
          transaction.QueryEach<std::string>(
              "UPDATE SharedJobs SET revision = revision + 1, owner = NULL, replica = NULL, localId = NULL,"
              " requestedAction = NULL, requestedRevision = NULL, changedAt = SharedNow()"
              " WHERE owner = $1 AND origin = 0 AND completedAt IS NULL AND state = 4"
              " AND NOT (id = ANY($2)) RETURNING id",
              add, identity_.incarnation, kept);
          PublishChanges(bus_, transaction, ids);
        },
        REPEATABLE_POLICY);
  }

  std::vector<CoreJob> RunStore::GetUnfinishedLocalJobs()
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [this](Transaction& transaction)
        {
          std::vector<CoreJob> jobs;
          transaction.QueryEach<std::string, std::string, JobState, int, int>(
              "SELECT id, type, state, priority, progress FROM SharedJobs"
              " WHERE owner = $1 AND origin = 1 AND completedAt IS NULL",
              [&jobs](std::string id, std::string type, JobState state, int priority, int progress)
              {
                CoreJob& job = jobs.emplace_back();
                job.id = std::move(id);
                job.type = std::move(type);
                job.state = state;
                job.priority = priority;
                job.progress = progress;
              },
              identity_.incarnation);
          return jobs;
        },
        BACKGROUND_POLICY);
  }

  std::vector<std::string> RunStore::AdoptLocalJobs(const std::vector<std::string>& ids)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          registry_.EnsureRegistered(transaction);
          std::vector<std::string> adopted;
          transaction.QueryEach<std::string>(
              "UPDATE SharedJobs SET revision = revision + 1, owner = $2, changedAt = SharedNow()"
              " WHERE id = ANY($1) AND origin = 1 AND completedAt IS NULL AND replica = $3 RETURNING id",
              [&adopted](std::string id)
              {
                adopted.push_back(std::move(id));
              },
              ids, identity_.incarnation, identity_.serverIdentifier);
          PublishChanges(bus_, transaction, adopted);
          transaction.Execute("DELETE FROM SharedReplicas WHERE serverIdentifier = $2 AND incarnation <> $1"
                              " AND rescuedAt IS NOT NULL AND NOT EXISTS (SELECT 1 FROM SharedJobs AS job"
                              " WHERE job.owner = SharedReplicas.incarnation AND job.completedAt IS NULL)",
                              identity_.incarnation, identity_.serverIdentifier);
          return adopted;
        },
        REPEATABLE_POLICY);
  }
}
