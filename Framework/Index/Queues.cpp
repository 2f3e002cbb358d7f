// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Queues.h"

namespace OrthancRegistry::Queues
{
  // The choice of a value is a common table expression, so that it is made once: PostgreSQL evaluates a
  // sub-select again if the row has changed meanwhile. SKIP LOCKED passes over what others are taking. The
  // order follows the ids: those of concurrent writers can differ from the order of their commits.

  void Enqueue(IndexTransaction& t, const std::string& queue, const std::string& value)
  {
    t.transaction.Execute("INSERT INTO Queues (queueId, value) VALUES ($1, $2)", queue, Binary{value});
  }

  std::optional<std::string> Dequeue(IndexTransaction& t, const std::string& queue, QueueOrigin origin)
  {
    auto row = origin == QueueOrigin::Front
                   ? t.transaction.QueryOptional<Binary>(
                         "WITH taken AS (SELECT id FROM Queues WHERE queueId = $1 "
                         "AND (reservedUntil IS NULL OR reservedUntil <= SharedNow() / 1000000) "
                         "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) "
                         "DELETE FROM Queues WHERE id IN (SELECT id FROM taken) RETURNING value",
                         queue)
                   : t.transaction.QueryOptional<Binary>(
                         "WITH taken AS (SELECT id FROM Queues WHERE queueId = $1 "
                         "AND (reservedUntil IS NULL OR reservedUntil <= SharedNow() / 1000000) "
                         "ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED) "
                         "DELETE FROM Queues WHERE id IN (SELECT id FROM taken) RETURNING value",
                         queue);
    return row ? std::make_optional(std::move(std::get<0>(*row).bytes)) : std::nullopt;
  }

  int64_t GetSize(IndexTransaction& t, const std::string& queue)
  {
    return t.transaction.QueryValue<int64_t>("SELECT CAST(COUNT(*) AS BIGINT) FROM Queues WHERE queueId = $1",
                                             queue);
  }

  std::optional<ReservedValue> Reserve(IndexTransaction& t, const std::string& queue, QueueOrigin origin,
                                       uint32_t seconds)
  {
    // Whole seconds, rounded up: a consumer has at least the time he asked for.
    auto row = origin == QueueOrigin::Front
                   ? t.transaction.QueryOptional<int64_t, Binary>(
                         "WITH taken AS (SELECT id FROM Queues WHERE queueId = $1 "
                         "AND (reservedUntil IS NULL OR reservedUntil <= SharedNow() / 1000000) "
                         "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) "
                         "UPDATE Queues SET reservedUntil = (SharedNow() + 999999) / 1000000 + $2 "
                         "WHERE id IN (SELECT id FROM taken) RETURNING id, value",
                         queue, seconds)
                   : t.transaction.QueryOptional<int64_t, Binary>(
                         "WITH taken AS (SELECT id FROM Queues WHERE queueId = $1 "
                         "AND (reservedUntil IS NULL OR reservedUntil <= SharedNow() / 1000000) "
                         "ORDER BY id DESC LIMIT 1 FOR UPDATE SKIP LOCKED) "
                         "UPDATE Queues SET reservedUntil = (SharedNow() + 999999) / 1000000 + $2 "
                         "WHERE id IN (SELECT id FROM taken) RETURNING id, value",
                         queue, seconds);
    if (!row)
    {
      return std::nullopt;
    }
    auto& [id, value] = *row;
    return ReservedValue{id, std::move(value.bytes)};
  }

  void Acknowledge(IndexTransaction& t, const std::string& queue, int64_t id)
  {
    if (t.transaction.ExecuteCounted("DELETE FROM Queues WHERE queueId = $1 AND id = $2 "
                                     "AND reservedUntil > SharedNow() / 1000000",
                                     queue, id) == 0)
    {
      throw RegistryError(ErrorCode::UnknownResource,
                          "The value to acknowledge is not reserved any more, or never was");
    }
  }
}
