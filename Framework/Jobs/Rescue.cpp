// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/Rescue.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/ActionStore.h"
#include "Framework/Jobs/CrashRecords.h"
#include "Framework/Jobs/JobMessages.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::hours WAIT_FOR_PULSE{1};
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100, true};
  }

  Rescue::Rescue(const JobsConfiguration& configuration, const ReplicaIdentity& identity, IDatabase& database,
                 IMessageBus& bus)
      : configuration_(configuration), identity_(identity), database_(database), bus_(bus),
        task_("The rescue of the jobs of lost replicas",
              [this]
              {
                while (RescueBatch())
                {
                }
                return std::chrono::milliseconds(WAIT_FOR_PULSE);
              })
  {
  }

  void Rescue::Start()
  {
    task_.Start();
  }

  void Rescue::Stop()
  {
    task_.Stop();
  }

  void Rescue::Wake()
  {
    task_.Wake();
  }

  bool Rescue::RescueBatch()
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [this](Transaction& transaction)
        {
          const auto dead = FindDead(transaction);
          if (!dead)
          {
            return false;
          }
          CarryOutRequests(transaction, bus_, {dead->incarnation, dead->serverIdentifier, "", ""}, true, {});
          bool isSomethingDone = RescueQueued(transaction, *dead);
          if (dead->isGraceOver)
          {
            isSomethingDone = FailLocal(transaction, *dead) || isSomethingDone;
          }
          isSomethingDone = Finish(transaction, *dead) || isSomethingDone;
          bus_.Publish(transaction, MESSAGE_JOBS);
          return isSomethingDone; // if not, others are at it
        },
        BACKGROUND_POLICY);
  }

  std::optional<Rescue::DeadReplica> Rescue::FindDead(Transaction& transaction) const
  {
    const auto row = transaction.QueryOptional<std::string, std::string, bool>(
        "SELECT incarnation, serverIdentifier, CASE WHEN rescuedAt IS NULL THEN 0 ELSE 1 END"
        " FROM SharedReplicas WHERE incarnation <> $1 AND heartbeatAt + leaseMicroseconds < SharedNow()"
        " AND (rescuedAt IS NULL OR heartbeatAt + leaseMicroseconds + $2 < SharedNow())"
        " ORDER BY heartbeatAt LIMIT 1 FOR UPDATE SKIP LOCKED",
        identity_.incarnation, configuration_.GetLocalJobsGraceMicroseconds());
    if (!row)
    {
      return std::nullopt;
    }
    return DeadReplica{std::get<0>(*row), std::get<1>(*row), std::get<2>(*row)};
  }

  bool Rescue::RescueQueued(Transaction& transaction, const DeadReplica& dead) const
  {
    std::vector<OrphanedJob> jobs;
    transaction.QueryEach<std::string, int64_t, JobState, unsigned int, unsigned int>(
        "SELECT id, fence, state, attempts - retries, crashes FROM SharedJobs WHERE owner = $1"
        " AND origin = 0 AND completedAt IS NULL ORDER BY seq LIMIT 200 FOR UPDATE SKIP LOCKED",
        [&jobs](std::string id, int64_t fence, JobState state, unsigned int attempts, unsigned int crashes)
        {
          jobs.push_back({std::move(id), fence, state, attempts, crashes});
        },
        dead.incarnation);
    if (jobs.empty())
    {
      return false;
    }
    const auto lost = RecordCrashes(transaction, dead, jobs);
    std::vector<std::string> ids;
    std::map<Fate, std::vector<std::string>> fates;
    for (const OrphanedJob& job : jobs)
    {
      ids.push_back(job.id);
      fates[GetFate(job)].push_back(job.id);
    }
    Requeue(transaction, fates[Fate::Waits]);
    Fail(transaction, fates[Fate::IsExhausted],
         "Given up after " + std::to_string(configuration_.maximumAttempts) +
             " attempts: lost together with the replicas ",
         "", lost);
    Fail(transaction, fates[Fate::IsParked],
         "Parked, because it may be what has ended them: these replicas died while they ran it: ",
         ". It can be resubmitted.", lost);
    PublishChanges(bus_, transaction, ids);
    return true;
  }

  Rescue::Fate Rescue::GetFate(const OrphanedJob& job) const
  {
    if (job.state == JobState::Paused)
    {
      return Fate::Waits;
    }
    if (job.crashes + 1 >= configuration_.maximumCrashes)
    {
      return Fate::IsParked;
    }
    return job.attempts >= configuration_.maximumAttempts ? Fate::IsExhausted : Fate::Waits;
  }

  // A paused job has not ended its replica. Answers the names of the replicas by job.
  std::map<std::string, std::string> Rescue::RecordCrashes(Transaction& transaction, const DeadReplica& dead,
                                                           const std::vector<OrphanedJob>& jobs) const
  {
    std::map<std::string, std::string> lost;
    for (const OrphanedJob& job : jobs)
    {
      if (job.state != JobState::Paused)
      {
        transaction.Execute("UPDATE SharedJobs SET crashes = crashes + 1 WHERE id = $1", job.id);
        transaction.QueryLater<std::string>(
            "UPDATE SharedJobDetails SET lostReplicas = lostReplicas || $2 WHERE id = $1"
            " RETURNING lostReplicas",
            [&lost, id = job.id](const std::string& records)
            {
              lost[id] = FormatCrashedReplicas(records);
            },
            job.id, MakeCrashRecord(dead.serverIdentifier, dead.incarnation, job.fence));
      }
    }
    transaction.Flush();
    return lost;
  }

  void Rescue::Requeue(Transaction& transaction, const std::vector<std::string>& ids) const
  {
    if (!ids.empty())
    {
      transaction.Execute(
          "UPDATE SharedJobs SET revision = revision + 1, state = CASE WHEN state = 4 THEN 4 ELSE 0 END,"
          " progress = 0, owner = NULL, replica = NULL, localId = NULL, requestedAction = NULL,"
          " requestedRevision = NULL, changedAt = SharedNow() WHERE id = ANY($1)",
          ids);
    }
  }

  // The fence moves on, so that an owner that was only late cannot write into what has ended.
  void Rescue::Fail(Transaction& transaction, const std::vector<std::string>& ids, const std::string& reason,
                    const std::string& advice, const std::map<std::string, std::string>& lost) const
  {
    if (ids.empty())
    {
      return;
    }
    transaction.Execute("UPDATE SharedJobs SET revision = revision + 1, state = 3, errorCode = $2,"
                        " fence = fence + 1, requestedAction = NULL, requestedRevision = NULL,"
                        " changedAt = SharedNow(), completedAt = SharedNow() WHERE id = ANY($1)",
                        ids, ErrorCode::InternalError);
    for (const std::string& id : ids)
    {
      transaction.Execute("UPDATE SharedJobDetails SET errorDetails = $2 WHERE id = $1", id,
                          reason + lost.at(id) + advice);
    }
  }

  bool Rescue::FailLocal(Transaction& transaction, const DeadReplica& dead) const
  {
    const auto failed = transaction.Query<std::string>(
        "WITH batch AS (SELECT id FROM SharedJobs WHERE owner = $1 AND origin = 1 AND completedAt IS NULL"
        " ORDER BY seq LIMIT 200 FOR UPDATE SKIP LOCKED)"
        " UPDATE SharedJobs SET revision = revision + 1, state = 3, errorCode = $2, requestedAction = NULL,"
        " requestedRevision = NULL, changedAt = SharedNow(), completedAt = SharedNow()"
        " WHERE id IN (SELECT id FROM batch) RETURNING id",
        dead.incarnation, ErrorCode::InternalError);
    std::vector<std::string> ids;
    for (const auto& [id] : failed)
    {
      ids.push_back(id);
      transaction.Execute("UPDATE SharedJobDetails SET errorDetails = $2 WHERE id = $1", id,
                          "Replica lost: " + dead.serverIdentifier + " does not answer any more");
    }
    PublishChanges(bus_, transaction, ids);
    return !failed.empty();
  }

  // The row of the dead replica stays as long as its local jobs are waited for.
  bool Rescue::Finish(Transaction& transaction, const DeadReplica& dead) const
  {
    const int64_t removed = transaction.ExecuteCounted(
        "DELETE FROM SharedReplicas WHERE incarnation = $1 AND NOT EXISTS (SELECT 1 FROM SharedJobs"
        " WHERE owner = $1 AND completedAt IS NULL)",
        dead.incarnation);
    const int64_t marked = transaction.ExecuteCounted(
        "UPDATE SharedReplicas SET rescuedAt = SharedNow() WHERE incarnation = $1 AND rescuedAt IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM SharedJobs WHERE owner = $1 AND origin = 0 AND completedAt IS NULL)",
        dead.incarnation);
    const std::string replica =
        "The lease of replica " + dead.serverIdentifier + " (start " + dead.incarnation + ") has run out";
    if (marked > 0)
    {
      LogWarning(replica + ": its queued jobs have been taken over, its local ones may still be resumed");
    }
    else if (removed > 0 && !dead.isGraceOver)
    {
      LogWarning(replica + ": its jobs have been taken over");
    }
    return removed > 0 || marked > 0;
  }
}
