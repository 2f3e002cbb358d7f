// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/ReplicaRegistry.h"

#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr RetryPolicy REPEATABLE_POLICY{.isRepeatable = true};

    constexpr std::string_view HEARTBEAT =
        "UPDATE SharedReplicas SET heartbeatAt = SharedNow(), running = $2"
        " WHERE incarnation = $1 RETURNING CASE WHEN rescuedAt IS NULL THEN 1 ELSE 0 END,"
        // In the order of the claim, so that its index is used
        " CASE WHEN (SELECT job.seq FROM SharedJobs AS job WHERE job.state = 0 AND job.origin = 0"
        " AND job.notBefore IS NULL ORDER BY job.claimRank, job.seq LIMIT 1) IS NOT NULL THEN 1 ELSE 0 END,"
        " CASE WHEN EXISTS (SELECT 1 FROM SharedReplicas AS other WHERE other.incarnation <> $1"
        " AND other.heartbeatAt + other.leaseMicroseconds < SharedNow() AND (other.rescuedAt IS NULL"
        " OR other.heartbeatAt + other.leaseMicroseconds + $3 < SharedNow())) THEN 1 ELSE 0 END,"
        " CASE WHEN EXISTS (SELECT 1 FROM SharedJobs AS asked WHERE asked.owner = $1"
        " AND asked.requestedAction IS NOT NULL) THEN 1 ELSE 0 END,"
        " (SELECT later.notBefore FROM SharedJobs AS later WHERE later.notBefore IS NOT NULL"
        " AND later.state <> 4 ORDER BY later.notBefore LIMIT 1) - SharedNow()";
    constexpr size_t OWN_ANSWERS = 5; // of the above

    std::optional<int64_t> ReadInteger(const IRow& row, size_t column)
    {
      return ColumnReader<std::optional<int64_t>>::Read(row, column);
    }

    HeartbeatAnswer ReadHeartbeat(const IRow& row, size_t questions)
    {
      HeartbeatAnswer answer;
      answer.isRegistered = ReadInteger(row, 0) == 1;
      answer.isWorkWaiting = ReadInteger(row, 1) == 1;
      answer.isReplicaExpired = ReadInteger(row, 2) == 1;
      answer.isActionRequested = ReadInteger(row, 3) == 1;
      if (const auto untilDue = ReadInteger(row, 4))
      {
        answer.untilDue = std::chrono::microseconds(*untilDue);
      }
      for (size_t i = 0; i < questions; i++)
      {
        answer.answers.push_back(ReadInteger(row, OWN_ANSWERS + i));
      }
      return answer;
    }
  }

  ReplicaRegistry::ReplicaRegistry(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                                   IDatabase& database)
      : configuration_(configuration), identity_(identity), database_(database)
  {
  }

  int64_t ReplicaRegistry::GetLeaseMicroseconds() const
  {
    return static_cast<int64_t>(configuration_.leaseSeconds) * 1000000;
  }

  void ReplicaRegistry::Register()
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [this](Transaction& transaction)
        {
          EnsureRegistered(transaction);
          transaction.Execute("UPDATE SharedReplicas SET heartbeatAt = SharedNow(), rescuedAt = NULL,"
                              " draining = $2 WHERE incarnation = $1",
                              identity_.incarnation, isDraining_.load());
        },
        REPEATABLE_POLICY);
  }

  void ReplicaRegistry::EnsureRegistered(Transaction& transaction) const
  {
    transaction.Execute("INSERT INTO SharedReplicas(incarnation, serverIdentifier, name, version, startedAt,"
                        " heartbeatAt, leaseMicroseconds, capacity, running, draining)"
                        " VALUES ($1, $2, $3, $4, SharedNow(), SharedNow(), $5, $6, 0, 0)"
                        " ON CONFLICT (incarnation) DO NOTHING",
                        identity_.incarnation, identity_.serverIdentifier, identity_.name, identity_.version,
                        GetLeaseMicroseconds(), configuration_.concurrentJobs);
    if (!transaction.QueryOptional<std::string>(
            "SELECT incarnation FROM SharedReplicas WHERE incarnation = $1 FOR KEY SHARE",
            identity_.incarnation))
    {
      throw RetryableError("The row of this replica has just been removed");
    }
  }

  HeartbeatAnswer ReplicaRegistry::Beat(unsigned int runningJobs, std::span<const std::string_view> questions)
  {
    RetryPolicy policy = REPEATABLE_POLICY;
    policy.maximumRetries = 1;
    const std::string statement = MakeHeartbeat(questions);
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const int64_t grace = configuration_.GetLocalJobsGraceMicroseconds();
          const Parameter parameters[] = {Bind(identity_.incarnation), Bind(runningJobs), Bind(grace)};
          HeartbeatAnswer answer;
          transaction.QueryRows(statement, parameters,
                                [&](const IRow& row)
                                {
                                  answer = ReadHeartbeat(row, questions.size());
                                });
          return answer;
        },
        policy);
  }

  // The questions are literals.
  std::string ReplicaRegistry::MakeHeartbeat(std::span<const std::string_view> questions)
  {
    std::string statement(HEARTBEAT);
    for (const std::string_view question : questions)
    {
      statement.append(", ").append(question);
    }
    return statement;
  }

  void ReplicaRegistry::SetDraining()
  {
    isDraining_ = true;
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [this](Transaction& transaction)
        {
          transaction.Execute("UPDATE SharedReplicas SET draining = 1 WHERE incarnation = $1",
                              identity_.incarnation);
        },
        REPEATABLE_POLICY);
  }

  void ReplicaRegistry::Leave()
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [this](Transaction& transaction)
        {
          transaction.Execute("UPDATE SharedReplicas SET draining = 1, running = 0 WHERE incarnation = $1",
                              identity_.incarnation);
          transaction.Execute("DELETE FROM SharedReplicas WHERE incarnation = $1 AND NOT EXISTS (SELECT 1"
                              " FROM SharedJobs WHERE owner = $1 AND completedAt IS NULL)",
                              identity_.incarnation);
        },
        REPEATABLE_POLICY);
  }
}
