// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ClusterStatistics.h"

#include "Framework/Database/Retry.h"
#include "Framework/Jobs/Job.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::seconds MAXIMUM_AGE{1};
    constexpr double MICROSECONDS_PER_SECOND = 1e6;
    constexpr int64_t MICROSECONDS_PER_MILLISECOND = 1000;
    constexpr int64_t MINUTE = 60000000;
    constexpr int64_t HOUR = 60 * MINUTE;

    double ToSeconds(int64_t microseconds)
    {
      return static_cast<double>(microseconds) / MICROSECONDS_PER_SECOND;
    }

    void Add(Json::Value& target, int64_t count)
    {
      target = static_cast<Json::Int64>(target.asInt64() + count);
    }

    void CountByState(Transaction& transaction, Json::Value& target)
    {
      Json::Value& states = target["ByState"] = Json::objectValue;
      Json::Value& types = target["ByType"] = Json::objectValue;
      for (const JobState state : {JobState::Pending, JobState::Running, JobState::Success, JobState::Failure,
                                   JobState::Paused, JobState::Retry})
      {
        states[GetName(state)] = 0;
      }
      int64_t total = 0;
      transaction.QueryEach<std::string, JobState, int64_t>(
          "SELECT type, state, COUNT(*) FROM SharedJobs GROUP BY type, state",
          [&](const std::string& type, JobState state, int64_t count)
          {
            total += count;
            Add(states[GetName(state)], count);
            Add(types[type][GetName(state)], count);
          });
      target["Total"] = static_cast<Json::Int64>(total);
    }

    void FindOldest(Transaction& transaction, int64_t now, Json::Value& target)
    {
      const auto oldest = transaction.QueryOptional<std::string, int64_t>(
          "SELECT id, createdAt FROM SharedJobs WHERE state = 0 AND origin = 0 AND notBefore IS NULL"
          " ORDER BY createdAt, seq LIMIT 1");
      target["OldestWaiting"] = Json::nullValue;
      if (oldest)
      {
        target["OldestWaiting"]["ID"] = std::get<0>(*oldest);
        target["OldestWaiting"]["Seconds"] = ToSeconds(std::max<int64_t>(now - std::get<1>(*oldest), 0));
      }
      target["PutOff"] = static_cast<Json::Int64>(
          transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE notBefore IS NOT NULL"));
    }

    void CountEnded(Transaction& transaction, int64_t now, Json::Value& target)
    {
      for (const auto& [name, span] : {std::pair{"LastMinute", MINUTE}, std::pair{"LastHour", HOUR}})
      {
        for (const JobState state : {JobState::Success, JobState::Failure})
        {
          target["Ended"][name][GetName(state)] = static_cast<Json::Int64>(transaction.QueryValue<int64_t>(
              "SELECT COUNT(*) FROM SharedJobs WHERE state = $1 AND completedAt IS NOT NULL"
              " AND completedAt > $2",
              state, now - span));
        }
      }
    }

    void CountReplicas(Transaction& transaction, Json::Value& target)
    {
      const auto [replicas, capacity] =
          transaction
              .QueryOptional<int64_t, int64_t>("SELECT COUNT(*), CAST(COALESCE(SUM(capacity), 0) AS BIGINT)"
                                               " FROM SharedReplicas WHERE draining = 0"
                                               " AND heartbeatAt + leaseMicroseconds >= SharedNow()")
              .value();
      target["ReplicasAlive"] = static_cast<Json::Int64>(replicas);
      target["Capacity"] = static_cast<Json::Int64>(capacity);
    }
  }

  ClusterStatistics::ClusterStatistics(const JobsConfiguration& configuration, IDatabase& database)
      : configuration_(configuration), database_(database)
  {
  }

  Json::Value ClusterStatistics::GetReplicas()
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [this](Transaction& transaction)
        {
          Json::Value replicas = Json::arrayValue;
          transaction.QueryEach<std::string, std::string, std::string, std::string, int64_t, int64_t, int64_t,
                                int64_t, int64_t, bool, int64_t>(
              "SELECT name, serverIdentifier, incarnation, version, startedAt, heartbeatAt,"
              " leaseMicroseconds, capacity, running, draining, SharedNow() FROM SharedReplicas"
              " ORDER BY name, startedAt, incarnation",
              [&](const std::string& name, const std::string& identifier, const std::string& incarnation,
                  const std::string& version, int64_t started, int64_t heartbeat, int64_t lease,
                  int64_t capacity, int64_t running, bool isDraining, int64_t now)
              {
                const int64_t silence = std::max<int64_t>(now - heartbeat, 0);
                const bool isLate =
                    silence > 2 * MICROSECONDS_PER_MILLISECOND * configuration_.heartbeatMilliseconds;
                Json::Value& replica = replicas.append(Json::objectValue);
                replica["Name"] = name;
                replica["Identifier"] = identifier;
                replica["Incarnation"] = incarnation;
                replica["Version"] = version;
                replica["Started"] = FormatTimestamp(started);
                replica["LastHeartbeat"] = FormatTimestamp(heartbeat);
                replica["SecondsSinceHeartbeat"] = ToSeconds(silence);
                replica["Capacity"] = static_cast<Json::Int64>(capacity);
                replica["Running"] = static_cast<Json::Int64>(running);
                replica["State"] = silence > lease ? "Lost"
                                   : isDraining    ? "Draining"
                                   : isLate        ? "Late"
                                                   : "Alive";
              });
          return replicas;
        });
  }

  Json::Value ClusterStatistics::GetStatistics()
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (counted_.isNull() || now - countedAt_ >= MAXIMUM_AGE)
    {
      counted_ = Count();
      countedAt_ = std::chrono::steady_clock::now();
    }
    return counted_;
  }

  Json::Value ClusterStatistics::Count()
  {
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [](Transaction& transaction)
                          {
                            const auto now = transaction.QueryValue<int64_t>("SELECT SharedNow()");
                            Json::Value statistics = Json::objectValue;
                            statistics["Timestamp"] = FormatTimestamp(now);
                            CountByState(transaction, statistics);
                            FindOldest(transaction, now, statistics);
                            CountEnded(transaction, now, statistics);
                            CountReplicas(transaction, statistics);
                            return statistics;
                          });
  }
}
