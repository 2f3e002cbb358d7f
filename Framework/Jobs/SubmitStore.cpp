// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/SubmitStore.h"

#include "Framework/Common/Utf8.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobMessages.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t KEY_LIFETIME = int64_t{86400} * 1000000; // one day, in microseconds
    constexpr size_t MAXIMUM_KEY_SIZE = 255;

    void CheckSize(const NewJob& job, uint64_t maximum)
    {
      if (job.request.body.size() > maximum)
      {
        throw SubmissionRefused(ErrorCode::ParameterOutOfRange, 413,
                                "The body of an asynchronous job may have " + std::to_string(maximum) +
                                    " bytes at most (option \"MaximumBodySizeMB\"), this one has " +
                                    std::to_string(job.request.body.size()));
      }
    }

    // A few with each new one, so that it needs no task of its own
    void RemoveOldKeys(Transaction& transaction)
    {
      transaction.Execute("DELETE FROM SharedJobKeys WHERE (requestKey, uri) IN (SELECT requestKey, uri"
                          " FROM SharedJobKeys WHERE createdAt < SharedNow() - $1 ORDER BY createdAt LIMIT 20"
                          " FOR UPDATE SKIP LOCKED)",
                          KEY_LIFETIME);
    }
  }

  bool IsRequestKey(std::string_view key)
  {
    return !key.empty() && key.size() <= MAXIMUM_KEY_SIZE &&
           std::all_of(key.begin(), key.end(),
                       [](char c)
                       {
                         return c >= ' ' && c <= '~';
                       });
  }

  SubmitStore::SubmitStore(const JobsConfiguration& configuration, IDatabase& database, IMessageBus& bus)
      : configuration_(configuration), rank_(configuration.ageingSeconds), database_(database), bus_(bus),
        waitingRoom_(configuration.maximumWaitingJobs)
  {
  }

  std::string SubmitStore::Submit(const NewJob& job)
  {
    CheckSize(job, configuration_.maximumBodySize);
    if (job.requestKey && !IsRequestKey(*job.requestKey))
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "The header Idempotency-Key must have 1 to 255 printable characters of ASCII");
    }
    const StoredBody body = StoreBody(job.request.body, configuration_);
    const std::string id = GenerateOrderedUuid();
    for (;;)
    {
      try
      {
        return RunTransaction(database_, AccessMode::ReadWrite,
                              [&](Transaction& transaction)
                              {
                                return Write(transaction, id, job, body);
                              });
      }
      catch (const CommitInDoubtError&)
      {
        if (Exists(id))
        {
          return id;
        }
      }
    }
  }

  std::string SubmitStore::Write(Transaction& transaction, const std::string& id, const NewJob& job,
                                 const StoredBody& body)
  {
    if (job.requestKey && !TakeKey(transaction, id, job))
    {
      // Locked by the attempt to take it, so it is there
      return ReadKey(transaction, *job.requestKey, job.request.uri, 2 * KEY_LIFETIME).value();
    }
    if (!waitingRoom_.TryEnter(transaction))
    {
      throw SubmissionRefused(ErrorCode::DatabaseUnavailable, 503,
                              "The " + std::to_string(configuration_.maximumWaitingJobs) +
                                  " jobs that may wait in the cluster (option \"MaximumWaitingJobs\") are "
                                  "waiting already: try again later");
    }
    transaction.Execute(
        // One moment for the whole row
        "WITH clock(moment) AS MATERIALIZED (SELECT SharedNow())"
        " INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, destination, createdAt,"
        " changedAt, notBefore) SELECT $1, $2, 0, 0, $3, moment * $4 - $5, $6, moment, moment,"
        " CASE WHEN $7 > moment THEN $7 WHEN $8 > 0 THEN moment + $8 ELSE NULL END FROM clock",
        id, job.type, job.priority, rank_.age, rank_.GetBonus(job.priority), job.destination,
        job.schedule.notBefore, job.schedule.delayMicroseconds);
    transaction.Execute("INSERT INTO SharedJobDetails(id, uri, body, isBodyPacked, submittedBy, remoteIp,"
                        " submittedAt, userData) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                        id, job.request.uri, body.bytes, body.isPacked, ToStorableText(job.request.user),
                        ToStorableText(job.request.remoteIp), ToStorableText(job.request.submittedAt),
                        StoreValue(job.userData, configuration_));
    if (job.requestKey)
    {
      RemoveOldKeys(transaction);
    }
    bus_.Publish(transaction, MESSAGE_JOBS);
    return id;
  }

  // False if another job has it. Waits for a submission with the same key that is under way.
  bool SubmitStore::TakeKey(Transaction& transaction, const std::string& id, const NewJob& job)
  {
    return transaction
        .QueryOptional<std::string>(
            "INSERT INTO SharedJobKeys(requestKey, uri, jobId, createdAt) VALUES ($1, $2, $3, SharedNow())"
            " ON CONFLICT (requestKey, uri) DO UPDATE SET jobId = excluded.jobId,"
            " createdAt = excluded.createdAt WHERE SharedJobKeys.createdAt < SharedNow() - $4"
            " RETURNING jobId",
            *job.requestKey, job.request.uri, id, KEY_LIFETIME)
        .has_value();
  }

  std::optional<std::string> SubmitStore::ReadKey(Transaction& transaction, const std::string& key,
                                                  const std::string& uri, int64_t maximumAge)
  {
    const auto row = transaction.QueryOptional<std::string>(
        "SELECT jobId FROM SharedJobKeys WHERE requestKey = $1 AND uri = $2"
        " AND createdAt >= SharedNow() - $3",
        key, uri, maximumAge);
    return row ? std::make_optional(std::get<0>(*row)) : std::nullopt;
  }

  std::optional<std::string> SubmitStore::FindByKey(const std::string& key, const std::string& uri)
  {
    if (!IsRequestKey(key))
    {
      return std::nullopt;
    }
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [&](Transaction& transaction)
                          {
                            return ReadKey(transaction, key, uri, KEY_LIFETIME);
                          });
  }

  bool SubmitStore::Exists(const std::string& id)
  {
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [&](Transaction& transaction)
                          {
                            return transaction
                                .QueryOptional<std::string>("SELECT id FROM SharedJobs WHERE id = $1", id)
                                .has_value();
                          });
  }
}
