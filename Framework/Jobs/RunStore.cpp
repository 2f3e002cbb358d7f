// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RunStore.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobStore.h"

#include <algorithm>
#include <tuple>

namespace OrthancRegistry
{
  namespace
  {
    // Background threads try again by themselves.
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};

    std::optional<std::string> ToText(const Json::Value& value)
    {
      return value.isNull() ? std::nullopt : std::make_optional(ToStorableText(WriteJson(value)));
    }
  }

  RunStore::RunStore(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus,
                     const ReplicaRegistry& registry)
      : identity_(identity), database_(database), bus_(bus), registry_(registry)
  {
  }

  std::vector<ClaimedJob> RunStore::Claim(size_t count)
  {
    using Row = std::tuple<int64_t, int64_t, ClaimedJob>; // the order of the run first
    auto rows = RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          std::vector<Row> claimed;
          transaction.QueryEach<int64_t, int64_t, std::string, std::string, int, int64_t, std::string, Binary,
                                std::string, std::string>(
              "WITH self AS (SELECT incarnation FROM SharedReplicas WHERE incarnation = $1 FOR KEY SHARE),"
              " next AS (SELECT id FROM SharedJobs WHERE state = 0 AND origin = 0 AND notBefore IS NULL"
              " AND EXISTS (SELECT 1 FROM self) ORDER BY claimRank, seq LIMIT $3 FOR UPDATE SKIP LOCKED)"
              " UPDATE SharedJobs SET state = 1, revision = revision + 1, attempts = attempts + 1,"
              " fence = fence + 1, owner = $1, replica = $2, changedAt = SharedNow()"
              // A literal limit: from a bound one PostgreSQL expects a share of the table, and reads all of
              // it
              " WHERE id IN (SELECT id FROM next LIMIT 64)"
              " RETURNING claimRank, seq, id, type, attempts, fence,"
              " (SELECT uri FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id),"
              " (SELECT body FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id),"
              " (SELECT submittedBy FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id),"
              " (SELECT remoteIp FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id)",
              [&claimed](int64_t rank, int64_t sequence, std::string id, std::string type, int attempt,
                         int64_t fence, std::string uri, Binary body, std::string user, std::string remoteIp)
              {
                claimed.emplace_back(rank, sequence,
                                     ClaimedJob{std::move(id),
                                                std::move(type),
                                                attempt,
                                                fence,
                                                {std::move(uri), std::move(body.bytes), std::move(user),
                                                 std::move(remoteIp), ""}});
              },
              identity_.incarnation, identity_.serverIdentifier, std::min(count, MAXIMUM_CLAIM));
          return claimed;
        },
        BACKGROUND_POLICY);
    std::sort(rows.begin(), rows.end(),
              [](const Row& a, const Row& b)
              {
                return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
              });
    std::vector<ClaimedJob> jobs;
    jobs.reserve(rows.size());
    for (Row& row : rows)
    {
      jobs.push_back(std::move(std::get<2>(row)));
    }
    return jobs;
  }

  std::vector<std::string> RunStore::Write(const CoreUpdates& updates)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          std::vector<std::string> written;
          bool isNew = updates.isSomebodyAsking;
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
            WriteLocalJob(transaction, job, isNew);
          }
          transaction.Flush();
          if (isNew)
          {
            bus_.Publish(transaction, MESSAGE_CHANGED);
          }
          std::vector<std::string> stale;
          for (const RunUpdate& update : updates.runs)
          {
            if (std::find(written.begin(), written.end(), update.job.id) == written.end())
            {
              stale.push_back(update.job.id);
            }
          }
          return stale;
        },
        BACKGROUND_POLICY);
  }

  void RunStore::WriteRun(Transaction& transaction, const RunUpdate& update,
                          std::vector<std::string>& written) const
  {
    const CoreJob& core = update.core;
    const std::optional<std::string> localId = core.id.empty() ? std::nullopt : std::make_optional(core.id);
    transaction.QueryLater<std::string>(
        "UPDATE SharedJobs SET revision = revision + 1, state = $4, progress = $5, errorCode = $6,"
        " runtimeMilliseconds = $7, localId = $8, changedAt = SharedNow(), completedAt = CASE WHEN $9 = 1"
        " THEN SharedNow() ELSE NULL END"
        " WHERE id = $1 AND owner = $2 AND fence = $3 AND completedAt IS NULL RETURNING id",
        [&written](std::string id)
        {
          written.push_back(std::move(id));
        },
        update.job.id, identity_.incarnation, update.job.fence, core.state, core.progress, core.errorCode,
        core.runtimeMilliseconds, localId, IsEnded(core.state));
    transaction.Execute(
        "UPDATE SharedJobDetails SET content = $4, errorDetails = $5, errorPayload = $6 WHERE id = $1"
        " AND EXISTS (SELECT 1 FROM SharedJobs WHERE id = $1 AND owner = $2 AND fence = $3)",
        update.job.id, identity_.incarnation, update.job.fence, ToText(core.content).value_or("{}"),
        ToStorableText(core.errorDetails), ToText(core.errorPayload));
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
      // Should it have been taken for a job of the core itself before its id was known
      transaction.Execute("DELETE FROM SharedJobs WHERE id = $1 AND origin = 1", core.id);
    }
  }

  void RunStore::WriteLocalJob(Transaction& transaction, const CoreJob& job, bool& isNew) const
  {
    transaction.QueryLater<int64_t>(
        "INSERT INTO SharedJobs(id, type, state, origin, priority, progress, errorCode, createdAt, changedAt,"
        " completedAt, runtimeMilliseconds, attempts, owner, replica, localId)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6, SharedNow(), SharedNow(), CASE WHEN $8 = 1 THEN SharedNow()"
        " ELSE NULL END, $7, 1, $9, $10, $1)"
        " ON CONFLICT (id) DO UPDATE SET revision = SharedJobs.revision + 1, state = excluded.state,"
        " type = excluded.type, priority = excluded.priority, progress = excluded.progress,"
        " errorCode = excluded.errorCode, changedAt = excluded.changedAt, completedAt = excluded.completedAt,"
        " runtimeMilliseconds = excluded.runtimeMilliseconds, owner = excluded.owner,"
        " replica = excluded.replica WHERE SharedJobs.origin = 1 RETURNING revision",
        [&isNew](int64_t revision)
        {
          isNew = isNew || revision == 1;
        },
        job.id, ToStorableText(job.type), job.state, job.priority, job.progress, job.errorCode,
        job.runtimeMilliseconds, IsEnded(job.state), identity_.incarnation, identity_.serverIdentifier);
    transaction.Execute(
        "INSERT INTO SharedJobDetails(id, content, errorDetails, errorPayload, userData)"
        " SELECT $1, $2, $3, $4, $5 FROM SharedJobs WHERE id = $1 AND origin = 1"
        " ON CONFLICT (id) DO UPDATE SET content = excluded.content, errorDetails = excluded.errorDetails,"
        " errorPayload = excluded.errorPayload, userData = excluded.userData",
        job.id, ToText(job.content).value_or("{}"), ToStorableText(job.errorDetails),
        ToText(job.errorPayload), ToText(job.userData));
  }

  void RunStore::Release(const std::vector<std::string>& kept)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const int64_t released = transaction.ExecuteCounted(
              "UPDATE SharedJobs SET revision = revision + 1, state = 0, progress = 0, attempts = attempts - "
              "1,"
              " owner = NULL, replica = NULL, localId = NULL, changedAt = SharedNow()"
              " WHERE owner = $1 AND origin = 0 AND completedAt IS NULL AND state <> 4 AND attempts > 0"
              " AND NOT (id = ANY($2))",
              identity_.incarnation, kept);
          transaction.Execute("UPDATE SharedJobs SET revision = revision + 1, owner = NULL, replica = NULL,"
                              " localId = NULL, changedAt = SharedNow()"
                              " WHERE owner = $1 AND origin = 0 AND completedAt IS NULL AND state = 4"
                              " AND NOT (id = ANY($2))",
                              identity_.incarnation, kept);
          if (released > 0)
          {
            bus_.Publish(transaction, MESSAGE_JOBS);
          }
        });
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
          return adopted;
        });
  }
}
