// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/MoveProgress.h"

#include "Framework/Database/UnfinishedMove.h"

namespace OrthancRegistry::Move::MoveProgress
{
  namespace
  {
    constexpr std::string_view TABLES =
        "CREATE TABLE SharedMoveSource(fingerprint TEXT NOT NULL, server TEXT NOT NULL);"
        "CREATE TABLE SharedMoveSteps(step TEXT NOT NULL PRIMARY KEY, "
        "lastKey BIGINT NOT NULL, copied BIGINT NOT NULL, digest BIGINT NOT NULL, "
        "isDone INTEGER NOT NULL);"
        "CREATE TABLE SharedMovePostponed(position BIGINT NOT NULL PRIMARY KEY, statement TEXT NOT NULL);";
  }

  void Create(Transaction& transaction, const std::string& fingerprint, const std::string& server)
  {
    transaction.ExecuteScript(TABLES);
    transaction.Execute("INSERT INTO SharedMoveSource(fingerprint, server) VALUES ($1, $2)", fingerprint,
                        server);
    transaction.Execute("INSERT INTO SharedVersions(component, version) VALUES ($1, 1)", MOVE_COMPONENT);
  }

  std::pair<std::string, std::string> ReadSource(Transaction& transaction)
  {
    const auto row = transaction.QueryOptional<std::string, std::string>(
        "SELECT fingerprint, server FROM SharedMoveSource");
    if (!row)
    {
      throw StatementError("The table SharedMoveSource is empty");
    }
    return {std::get<0>(*row), std::get<1>(*row)};
  }

  StepState Read(Transaction& transaction, std::string_view step)
  {
    const auto row = transaction.QueryOptional<int64_t, int64_t, int64_t, bool>(
        "SELECT lastKey, copied, digest, isDone FROM SharedMoveSteps WHERE step = $1", step);
    if (!row)
    {
      return {};
    }
    const auto [lastKey, copied, digest, isDone] = *row;
    return {lastKey, {copied, static_cast<uint64_t>(digest)}, isDone};
  }

  void Advance(Transaction& transaction, std::string_view step, const StepState& from, const StepState& to)
  {
    // The first batch of a step makes its row, which only one transaction can.
    transaction.Execute("INSERT INTO SharedMoveSteps(step, lastKey, copied, digest, isDone) "
                        "VALUES ($1, 0, 0, 0, 0) ON CONFLICT (step) DO NOTHING",
                        step);
    const int64_t changed = transaction.ExecuteCounted(
        "UPDATE SharedMoveSteps SET lastKey = $2, copied = $3, digest = $4, isDone = $5 "
        "WHERE step = $1 AND lastKey = $6 AND copied = $7 AND isDone = 0",
        step, to.lastKey, to.copied.rows, static_cast<int64_t>(to.copied.sum), to.isDone, from.lastKey,
        from.copied.rows);
    if (changed != 1)
    {
      throw RegistryError(ErrorCode::BadSequenceOfCalls,
                          "Another process is moving an index into this database at the same time");
    }
  }

  void Remove(Transaction& transaction)
  {
    transaction.ExecuteScript(
        "DROP TABLE SharedMoveSteps; DROP TABLE SharedMoveSource; DROP TABLE SharedMovePostponed;");
    transaction.Execute("DELETE FROM SharedVersions WHERE component = $1", MOVE_COMPONENT);
  }
}
