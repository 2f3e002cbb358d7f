// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/OutputRetention.h"

#include "Framework/Database/Retry.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds INTERVAL{60000};
    constexpr int64_t DELETED_AT_ONCE = 16; // chunks
    constexpr uint64_t MEGABYTE = uint64_t{1024} * 1024;
    constexpr int64_t MICROSECONDS_PER_HOUR = 3600000000;
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};
  }

  OutputRetention::OutputRetention(const JobsConfiguration& configuration, IDatabase& database)
      : count_(configuration.areOutputsAsInCore ? std::max(1u, configuration.mediaArchiveSize)
                                                : configuration.outputsCount),
        size_(configuration.areOutputsAsInCore ? 0 : configuration.outputsSizeMegabytes * MEGABYTE),
        microseconds_(configuration.areOutputsAsInCore ? 0
                                                       : configuration.outputsHours * MICROSECONDS_PER_HOUR),
        countReason_(configuration.areOutputsAsInCore ? "MediaArchiveSize" : "Registry.OutputsCount"),
        database_(database), task_("The retention of outputs",
                                   [this]
                                   {
                                     return Work();
                                   })
  {
  }

  void OutputRetention::Start()
  {
    task_.Start();
  }

  void OutputRetention::Stop()
  {
    task_.Stop();
  }

  void OutputRetention::Wake()
  {
    task_.Wake();
  }

  std::chrono::milliseconds OutputRetention::Work()
  {
    if (!IsAnyStored())
    {
      return INTERVAL;
    }
    const auto victims = FindVictims();
    for (const Victim& victim : victims)
    {
      if (victim.cause != Cause::Evicted)
      {
        Mark(victim);
      }
    }
    bool isMore = false;
    for (const Victim& victim : victims)
    {
      isMore = DeleteChunks(victim) || isMore;
    }
    return isMore ? std::chrono::milliseconds(0) : INTERVAL;
  }

  bool OutputRetention::IsAnyStored()
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [](Transaction& transaction)
        {
          return !transaction.Query<int>("SELECT 1 FROM SharedJobOutputs WHERE isStored = 1 LIMIT 1").empty();
        },
        BACKGROUND_POLICY);
  }

  std::vector<OutputRetention::Victim> OutputRetention::FindVictims()
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [this](Transaction& transaction)
        {
          std::vector<Victim> victims;
          transaction.QueryEach<std::string, std::string, int64_t, Cause>(
              "WITH held AS (SELECT output.jobId, output.outputKey, output.fence, output.size,"
              " output.completedAt, output.evictedAt, job.state, job.origin, job.completedAt AS endedAt"
              " FROM SharedJobOutputs AS output JOIN SharedJobs AS job ON job.id = output.jobId"
              " WHERE output.isStored = 1),"
              " kept AS (SELECT jobId, outputKey, fence, completedAt,"
              " ROW_NUMBER() OVER (ORDER BY completedAt DESC, jobId, outputKey) AS position,"
              " SUM(size) OVER (ORDER BY completedAt DESC, jobId, outputKey) AS total"
              " FROM held WHERE completedAt IS NOT NULL AND evictedAt IS NULL)"
              " SELECT jobId, outputKey, fence, 0 FROM held WHERE evictedAt IS NOT NULL"
              " UNION ALL SELECT jobId, outputKey, fence, 1 FROM held WHERE evictedAt IS NULL"
              " AND endedAt IS NOT NULL AND (completedAt IS NULL OR (state = 3 AND origin = 0))"
              " UNION ALL SELECT jobId, outputKey, fence, CASE WHEN $1 > 0 AND position > $1 THEN 2"
              " WHEN $2 > 0 AND total > $2 THEN 3 ELSE 4 END FROM kept WHERE ($1 > 0 AND position > $1)"
              " OR ($2 > 0 AND total > $2) OR ($3 > 0 AND completedAt < SharedNow() - $3) LIMIT 20",
              [&victims](std::string jobId, std::string key, int64_t fence, Cause cause)
              {
                victims.push_back({std::move(jobId), std::move(key), fence, cause});
              },
              count_, size_, microseconds_);
          return victims;
        },
        BACKGROUND_POLICY);
  }

  std::string OutputRetention::GetReason(Cause cause) const
  {
    switch (cause)
    {
    case Cause::Evicted:
      break;
    case Cause::Abandoned:
      return "The job has failed, or has not completed its output";
    case Cause::Count:
      return "Evicted by newer outputs: " + std::to_string(count_) +
             " are kept in the whole cluster (option " + countReason_ + ")";
    case Cause::Size:
      return "Evicted by newer outputs: " + std::to_string(size_ / MEGABYTE) +
             " MB are kept in the whole cluster (option Registry.OutputsSizeMB)";
    case Cause::Age:
      return "Evicted " + std::to_string(microseconds_ / MICROSECONDS_PER_HOUR) +
             " hours after its completion (option Registry.OutputsHours)";
    }
    return "";
  }

  void OutputRetention::Mark(const Victim& victim)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          transaction.Execute("UPDATE SharedJobOutputs SET evictedAt = SharedNow(), evictionReason = $4"
                              " WHERE jobId = $1 AND outputKey = $2 AND fence = $3 AND evictedAt IS NULL",
                              victim.jobId, victim.key, victim.fence, GetReason(victim.cause));
        },
        BACKGROUND_POLICY);
  }

  bool OutputRetention::DeleteChunks(const Victim& victim)
  {
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const auto row = transaction.QueryOptional<int64_t>(
              "SELECT fence FROM SharedJobOutputs WHERE jobId = $1 AND outputKey = $2 AND fence = $3"
              " AND evictedAt IS NOT NULL AND isStored = 1 FOR UPDATE SKIP LOCKED",
              victim.jobId, victim.key, victim.fence);
          if (!row)
          {
            return false;
          }
          const int64_t deleted = transaction.ExecuteCounted(
              "DELETE FROM SharedJobOutputChunks WHERE jobId = $1 AND outputKey = $2 AND number IN"
              " (SELECT number FROM SharedJobOutputChunks WHERE jobId = $1 AND outputKey = $2"
              " ORDER BY number LIMIT $3)",
              victim.jobId, victim.key, DELETED_AT_ONCE);
          if (deleted < DELETED_AT_ONCE)
          {
            transaction.Execute("UPDATE SharedJobOutputs SET isStored = 0 WHERE jobId = $1"
                                " AND outputKey = $2",
                                victim.jobId, victim.key);
          }
          return true; // looks whether there is more, of this output or of others
        },
        BACKGROUND_POLICY);
  }
}
