// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/OutputStore.h"

#include "Framework/Common/Utf8.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobMessages.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t DELETED_AT_ONCE = 16; // chunks
  }

  OutputStore::OutputStore(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                           IDatabase& database, IMessageBus& bus)
      : configuration_(configuration), identity_(identity), database_(database), bus_(bus)
  {
  }

  bool OutputStore::Begin(const OutputOwner& owner, const std::string& key,
                          const OutputDescription& description)
  {
    if (!ReplaceRow(owner, key, description, std::nullopt))
    {
      return false;
    }
    while (DeleteOldChunks(owner, key))
    {
    }
    return true;
  }

  bool OutputStore::Refuse(const OutputOwner& owner, const std::string& key,
                           const OutputDescription& description, const std::string& reason)
  {
    return ReplaceRow(owner, key, description, reason);
  }

  bool OutputStore::ReplaceRow(const OutputOwner& owner, const std::string& key,
                               const OutputDescription& description,
                               const std::optional<std::string>& refusal)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          return transaction.ExecuteCounted(
                     "INSERT INTO SharedJobOutputs(jobId, outputKey, fence, fileName, contentType, size,"
                     " createdAt, evictedAt, evictionReason)"
                     " SELECT id, $2, fence, $5, $6, $7, SharedNow(), CASE WHEN $8 = 1 THEN SharedNow() END,"
                     " $9 FROM SharedJobs WHERE id = $1 AND owner = $4 AND fence = $3 AND completedAt IS NULL"
                     " ON CONFLICT (jobId, outputKey) DO UPDATE SET fence = excluded.fence,"
                     " fileName = excluded.fileName, contentType = excluded.contentType,"
                     " size = excluded.size, createdAt = excluded.createdAt, completedAt = NULL,"
                     " evictedAt = excluded.evictedAt, evictionReason = excluded.evictionReason, isStored = 1"
                     " WHERE SharedJobOutputs.fence <= excluded.fence",
                     owner.jobId, key, owner.fence, identity_.incarnation,
                     ToStorableText(description.fileName), ToStorableText(description.contentType),
                     description.size, refusal.has_value(), ToStorableText(refusal.value_or(""))) == 1;
        });
  }

  // What an earlier run has left; one batch per call, false when there is none any more
  bool OutputStore::DeleteOldChunks(const OutputOwner& owner, const std::string& key)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          return transaction.ExecuteCounted(
                     "DELETE FROM SharedJobOutputChunks WHERE jobId = $1 AND outputKey = $2"
                     " AND number IN (SELECT number FROM SharedJobOutputChunks"
                     " WHERE jobId = $1 AND outputKey = $2 ORDER BY number LIMIT $4)"
                     " AND EXISTS (SELECT 1 FROM SharedJobOutputs WHERE jobId = $1 AND outputKey = $2"
                     " AND fence = $3 AND completedAt IS NULL)",
                     owner.jobId, key, owner.fence, DELETED_AT_ONCE) == DELETED_AT_ONCE;
        });
  }

  bool OutputStore::Append(const OutputOwner& owner, const std::string& key, uint64_t number,
                           std::string_view content)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          // Locked, so that a newer run that replaces the row does not meet chunks of this one afterwards
          const auto row = transaction.QueryOptional<int64_t>(
              "SELECT fence FROM SharedJobOutputs WHERE jobId = $1 AND outputKey = $2 AND fence = $3"
              " AND completedAt IS NULL AND evictedAt IS NULL FOR SHARE",
              owner.jobId, key, owner.fence);
          if (!row)
          {
            return false;
          }
          for (size_t offset = 0; offset < content.size(); offset += CHUNK_SIZE)
          {
            transaction.Execute("INSERT INTO SharedJobOutputChunks(jobId, outputKey, number, data)"
                                " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                                owner.jobId, key, number + offset / CHUNK_SIZE,
                                Parameter(ValueType::Binary, content.substr(offset, CHUNK_SIZE)));
          }
          transaction.Flush();
          return true;
        });
  }

  bool OutputStore::Complete(const OutputOwner& owner, const std::string& key)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          if (configuration_.areOutputsAsInCore)
          {
            // One at a time, so that exactly as many as wanted remain
            transaction.Execute(
                "INSERT INTO SharedJobLimits(name) VALUES ('outputs') ON CONFLICT (name) DO NOTHING");
            transaction.Query<std::string>(
                "SELECT name FROM SharedJobLimits WHERE name = 'outputs' FOR UPDATE");
          }
          const int64_t completed = transaction.ExecuteCounted(
              "UPDATE SharedJobOutputs SET completedAt = SharedNow() WHERE jobId = $1 AND outputKey = $2"
              " AND fence = $3 AND evictedAt IS NULL AND EXISTS (SELECT 1 FROM SharedJobs WHERE id = $1"
              " AND owner = $4 AND fence = $3 AND completedAt IS NULL)",
              owner.jobId, key, owner.fence, identity_.incarnation);
          if (completed == 1 && configuration_.areOutputsAsInCore)
          {
            EvictLikeCore(transaction, owner);
          }
          return completed == 1;
        });
  }

  void OutputStore::EvictLikeCore(Transaction& transaction, const OutputOwner& newest) const
  {
    const unsigned int kept = std::max(1u, configuration_.mediaArchiveSize);
    transaction.Execute(
        "UPDATE SharedJobOutputs SET evictedAt = SharedNow(), evictionReason = $3"
        " WHERE (jobId, outputKey) IN (SELECT jobId, outputKey FROM SharedJobOutputs"
        " WHERE isStored = 1 AND completedAt IS NOT NULL AND evictedAt IS NULL"
        " ORDER BY CASE WHEN jobId = $1 THEN 0 ELSE 1 END, completedAt DESC, jobId LIMIT 1000000 OFFSET $2)",
        newest.jobId, kept,
        "Evicted by a newer output: " + std::to_string(kept) +
            " are kept in the whole cluster (option MediaArchiveSize)");
  }

  bool OutputStore::IsSettled(const OutputOwner& owner, const std::string& key)
  {
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [&](Transaction& transaction)
                          {
                            return transaction
                                .QueryOptional<int64_t>(
                                    "SELECT fence FROM SharedJobOutputs WHERE jobId = $1 AND outputKey = $2"
                                    " AND fence = $3 AND (completedAt IS NOT NULL OR evictedAt IS NOT NULL)",
                                    owner.jobId, key, owner.fence)
                                .has_value();
                          });
  }

  OutputStore::Returned OutputStore::GiveBack(const OutputOwner& owner, const std::string& key)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const auto job = transaction.QueryOptional<int>(
              "SELECT CASE WHEN requestedAction IS NULL THEN 0 ELSE 1 END FROM SharedJobs"
              " WHERE id = $1 AND owner = $2 AND fence = $3 AND completedAt IS NULL AND origin = 0"
              " FOR UPDATE",
              owner.jobId, identity_.incarnation, owner.fence);
          if (!job)
          {
            return Returned::NotOwned;
          }
          if (std::get<0>(*job) == 1)
          {
            return Returned::TryLater;
          }
          const int losses = transaction.QueryValue<int>(
              "INSERT INTO SharedJobOutputs(jobId, outputKey, fence, fileName, contentType, size, createdAt,"
              " losses) VALUES ($1, $2, $3, '', '', 0, SharedNow(), 1)"
              " ON CONFLICT (jobId, outputKey) DO UPDATE SET losses = SharedJobOutputs.losses + 1"
              " RETURNING losses",
              owner.jobId, key, owner.fence);
          if (losses > MAXIMUM_LOSSES)
          {
            return Returned::TooOften;
          }
          transaction.Execute("UPDATE SharedJobs SET revision = revision + 1, state = 0, progress = 0,"
                              " attempts = attempts - 1, owner = NULL, replica = NULL, localId = NULL,"
                              " changedAt = SharedNow() WHERE id = $1",
                              owner.jobId);
          bus_.Publish(transaction, MESSAGE_JOBS);
          return Returned::Done;
        });
  }

  std::optional<JobOutput> OutputStore::Get(const std::string& jobId, const std::string& key)
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::optional<JobOutput> output;
          transaction.QueryEach<std::string, std::string, uint64_t, int64_t, bool, bool, std::string>(
              "SELECT fileName, contentType, size, fence, CASE WHEN completedAt IS NULL THEN 0 ELSE 1 END,"
              " CASE WHEN evictedAt IS NULL THEN 0 ELSE 1 END, evictionReason FROM SharedJobOutputs"
              " WHERE jobId = $1 AND outputKey = $2",
              [&output](std::string fileName, std::string contentType, uint64_t size, int64_t fence,
                        bool isComplete, bool isEvicted, std::string reason)
              {
                output = JobOutput{{std::move(fileName), std::move(contentType), size},
                                   fence,
                                   isComplete,
                                   isEvicted,
                                   std::move(reason)};
              },
              jobId, ToStorableText(key));
          return output;
        });
  }

  std::optional<std::string> OutputStore::ReadChunk(const std::string& jobId, const std::string& key,
                                                    int64_t fence, uint64_t number)
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::optional<std::string> data;
          transaction.QueryEach<Binary>(
              "SELECT chunk.data FROM SharedJobOutputChunks AS chunk JOIN SharedJobOutputs AS output"
              " ON output.jobId = chunk.jobId AND output.outputKey = chunk.outputKey"
              " WHERE chunk.jobId = $1 AND chunk.outputKey = $2 AND chunk.number = $4"
              " AND output.fence = $3 AND output.completedAt IS NOT NULL AND output.evictedAt IS NULL",
              [&data](Binary chunk)
              {
                data = std::move(chunk.bytes);
              },
              jobId, key, fence, number);
          return data;
        });
  }

  bool OutputStore::Evict(const std::string& jobId, const std::string& key, const std::string& reason)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          return transaction.ExecuteCounted(
                     "UPDATE SharedJobOutputs SET evictedAt = SharedNow(), evictionReason = $3"
                     " WHERE jobId = $1 AND outputKey = $2 AND completedAt IS NOT NULL"
                     " AND evictedAt IS NULL",
                     jobId, ToStorableText(key), reason) == 1;
        });
  }
}
