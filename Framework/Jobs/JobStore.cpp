// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobStore.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  namespace
  {
    std::optional<std::string> ToText(const Json::Value& value)
    {
      return value.isNull() ? std::nullopt : std::make_optional(ToStorableText(WriteJson(value)));
    }
  }

  JobStore::JobStore(IDatabase& database, IMessageBus& bus) : database_(database), bus_(bus)
  {
  }

  std::string JobStore::Submit(const NewJob& job)
  {
    std::string id = GenerateUuid();
    for (;;)
    {
      try
      {
        Insert(id, job);
        return id;
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

  void JobStore::Insert(const std::string& id, const NewJob& job)
  {
    RunTransaction(database_, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.Execute(
                         "INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, destination,"
                         " createdAt, changedAt)"
                         " VALUES ($1, $2, 0, 0, $3, $5, $4, SharedNow(), SharedNow())",
                         id, job.type, job.priority, job.destination, -int64_t{job.priority});
                     transaction.Execute(
                         "INSERT INTO SharedJobDetails(id, uri, body, submittedBy, remoteIp, submittedAt,"
                         " userData) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                         id, job.request.uri, Binary{job.request.body}, ToStorableText(job.request.user),
                         ToStorableText(job.request.remoteIp), ToStorableText(job.request.submittedAt),
                         ToText(job.userData));
                     bus_.Publish(transaction, MESSAGE_JOBS);
                   });
  }

  bool JobStore::Exists(const std::string& id)
  {
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [&](Transaction& transaction)
                          {
                            return transaction
                                .QueryOptional<std::string>("SELECT id FROM SharedJobs WHERE id = $1", id)
                                .has_value();
                          });
  }

  void JobStore::Announce(const std::string& message)
  {
    RunTransaction(database_, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     bus_.Publish(transaction, message);
                   });
  }
}
