// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/ReplicaCallStore.h"

#include "Framework/Common/Utf8.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr RetryPolicy REPEATABLE_POLICY{.isRepeatable = true};

    int64_t ToMicroseconds(std::chrono::microseconds duration)
    {
      return duration.count();
    }

    void RemoveOld(Transaction& transaction)
    {
      transaction.Execute("WITH old AS (SELECT id FROM SharedReplicaCalls"
                          " WHERE expiresAt < SharedNow() - 60000000 LIMIT 100 FOR UPDATE SKIP LOCKED)"
                          " DELETE FROM SharedReplicaCalls WHERE id IN (SELECT id FROM old LIMIT 100)");
    }
  }

  ReplicaCallStore::ReplicaCallStore(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus)
      : identity_(identity), database_(database), bus_(bus)
  {
  }

  // A server that has been started again is asked once: its last start had died without a word.
  std::vector<ReplicaIdentity> ReplicaCallStore::FindOthers(Transaction& transaction) const
  {
    std::vector<ReplicaIdentity> others;
    transaction.QueryEach<std::string, std::string, std::string, std::string>(
        "SELECT incarnation, serverIdentifier, name, version FROM SharedReplicas AS other"
        " WHERE incarnation <> $1 AND draining = 0 AND rescuedAt IS NULL"
        " AND heartbeatAt + leaseMicroseconds >= SharedNow() AND NOT EXISTS (SELECT 1 FROM SharedReplicas"
        " AS newer WHERE newer.serverIdentifier = other.serverIdentifier AND newer.startedAt > "
        "other.startedAt)"
        " ORDER BY name, incarnation",
        [&others](std::string incarnation, std::string server, std::string name, std::string version)
        {
          others.push_back({std::move(incarnation), std::move(server), std::move(name), std::move(version)});
        },
        identity_.incarnation);
    return others;
  }

  // Not repeatable: a second commit would be a second call.
  std::vector<SentCall> ReplicaCallStore::Send(const CoreRequest& request, std::chrono::milliseconds patience)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          std::vector<SentCall> sent;
          for (const ReplicaIdentity& other : FindOthers(transaction))
          {
            sent.push_back({GenerateUuid(), other});
            transaction.Execute(
                "INSERT INTO SharedReplicaCalls(id, caller, target, method, uri, body, createdAt, expiresAt)"
                " VALUES ($1, $2, $3, $4, $5, $6, SharedNow(), SharedNow() + $7)",
                sent.back().id, identity_.incarnation, other.incarnation, request.method, request.uri,
                Binary{request.body}, ToMicroseconds(patience));
            bus_.Publish(transaction, std::string(MESSAGE_CALL) + other.incarnation);
          }
          if (!sent.empty())
          {
            RemoveOld(transaction);
          }
          return sent;
        });
  }

  std::vector<CallState> ReplicaCallStore::Read(const std::vector<std::string>& ids)
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::vector<CallState> states;
          transaction
              .QueryEach<std::string, bool, std::optional<int>, std::optional<int>,
                         std::optional<std::string>, std::optional<std::string>, std::optional<Binary>>(
                  "SELECT id, CASE WHEN begunAt IS NULL THEN 0 ELSE 1 END, httpStatus, errorCode, error,"
                  " contentType, answer FROM SharedReplicaCalls WHERE id = ANY($1)",
                  [&states](std::string id, bool hasBegun, std::optional<int> status, std::optional<int> code,
                            std::optional<std::string> error, std::optional<std::string> contentType,
                            std::optional<Binary> answer)
                  {
                    CallState state{std::move(id), hasBegun, std::nullopt};
                    if (status)
                    {
                      state.reply =
                          CoreReply{*status, code.value(), std::move(error).value(),
                                    std::move(contentType).value(), std::move(answer).value().bytes};
                    }
                    states.push_back(std::move(state));
                  },
                  ids);
          return states;
        });
  }

  void ReplicaCallStore::Remove(const std::vector<std::string>& ids)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          transaction.Execute("DELETE FROM SharedReplicaCalls WHERE id = ANY($1)", ids);
        },
        REPEATABLE_POLICY);
  }

  bool ReplicaCallStore::IsAnyWaiting()
  {
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [this](Transaction& transaction)
                          {
                            return transaction
                                .QueryOptional<std::string>(
                                    "SELECT id FROM SharedReplicaCalls WHERE target = $1 AND begunAt IS NULL"
                                    " AND expiresAt > SharedNow() LIMIT 1",
                                    identity_.incarnation)
                                .has_value();
                          });
  }

  std::string_view ReplicaCallStore::GetWaitingQuestion()
  {
    return "(SELECT CASE WHEN EXISTS (SELECT 1 FROM SharedReplicaCalls WHERE target = $1 AND begunAt IS NULL"
           " AND expiresAt > SharedNow()) THEN 1 ELSE 0 END)";
  }

  // Not repeatable: a claim in doubt is lost, so that no call is carried out twice.
  std::optional<ClaimedCall> ReplicaCallStore::Claim()
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [this](Transaction& transaction) -> std::optional<ClaimedCall>
        {
          auto row =
              transaction.QueryOptional<std::string, std::string, CoreMethod, std::string, Binary, int64_t>(
                  "SELECT id, caller, method, uri, body, expiresAt - SharedNow() FROM SharedReplicaCalls"
                  " WHERE target = $1 AND begunAt IS NULL AND expiresAt > SharedNow()"
                  " ORDER BY createdAt, id LIMIT 1 FOR UPDATE SKIP LOCKED",
                  identity_.incarnation);
          if (!row)
          {
            return std::nullopt;
          }
          auto& [id, caller, method, uri, body, timeLeft] = *row;
          transaction.Execute("UPDATE SharedReplicaCalls SET begunAt = SharedNow() WHERE id = $1", id);
          return ClaimedCall{std::move(id),
                             std::move(caller),
                             {method, std::move(uri), std::move(body.bytes)},
                             std::chrono::microseconds(timeLeft)};
        });
  }

  bool ReplicaCallStore::Answer(const ClaimedCall& call, const CoreReply& reply)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const bool isWaitedFor =
              transaction.ExecuteCounted(
                  "UPDATE SharedReplicaCalls SET answeredAt = SharedNow(), httpStatus = $2, errorCode = $3,"
                  " error = $4, contentType = $5, answer = $6 WHERE id = $1",
                  call.id, reply.status, reply.errorCode, ToStorableText(reply.error),
                  ToStorableText(reply.contentType), Binary{reply.body}) > 0;
          if (isWaitedFor)
          {
            bus_.Publish(transaction, std::string(MESSAGE_CALLED) + call.caller);
          }
          return isWaitedFor;
        },
        REPEATABLE_POLICY);
  }
}
