// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/LimitedChoice.h"

#include "Framework/Jobs/Job.h"

#include <algorithm>
#include <tuple>

namespace OrthancRegistry
{
  namespace
  {
    // In the order of the index SharedJobsWaitingOfKind
#define WAITING " FROM SharedJobs AS job WHERE job.state = 0 AND job.origin = 0 AND job.notBefore IS NULL"
#define FIRST " ORDER BY job.type, job.destination, job.claimRank, job.seq LIMIT 1)"
#define FIRST_KIND WAITING FIRST

    // Not "(type, destination) > (...)", for which SQLite reads through all that are equal
#define NEXT_DESTINATION WAITING " AND job.type = kinds.type AND job.destination > kinds.destination" FIRST
#define NEXT_TYPE WAITING " AND job.type > kinds.type" FIRST

    // Jobs that the core has not ended yet, the paused ones included: it could go on with them at any time.
    void CountTaken(Transaction& transaction, FlowRoom& room)
    {
      // Not grouped, and no condition on "origin": then other indexes would do as well, of all that wait,
      // instead of that of the few jobs with an owner.
      transaction.QueryLater<std::string, std::string, JobOrigin>(
          "SELECT type, destination, origin FROM SharedJobs WHERE owner IS NOT NULL AND completedAt IS NULL",
          [&room](std::string type, std::string destination, JobOrigin origin)
          {
            if (origin == JobOrigin::Queued)
            {
              room.Take({std::move(type), std::move(destination)});
            }
          });
    }
  }

  LimitedChoice::LimitedChoice(std::vector<FlowLimit> limits) : limits_(std::move(limits))
  {
  }

  void LimitedChoice::CreateRows(Transaction& transaction) const
  {
    std::set<std::string> names;
    for (const FlowLimit& limit : limits_)
    {
      names.insert(GetLimitName(limit));
    }
    for (const std::string& name : names)
    {
      transaction.Execute("INSERT INTO SharedJobLimits(name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
                          name);
    }
  }

  LimitedChoice::Answer LimitedChoice::Choose(Transaction& transaction, size_t count) const
  {
    Answer answer;
    FlowRoom room(limits_);
    auto kinds = ListKinds(transaction, room);
    std::erase_if(kinds,
                  [&room](const JobKind& kind)
                  {
                    return !room.HasRoom(kind);
                  });
    if (kinds.empty())
    {
      return answer;
    }

    const auto names = GetLimitNames(kinds);
    std::vector<Head> heads;
    for (const std::string& name : Lock(transaction, {names.begin(), names.end()}, kinds, count, room, heads))
    {
      room.Close(name);
      answer.isContended = true;
    }
    std::sort(heads.begin(), heads.end(),
              [](const Head& a, const Head& b)
              {
                return std::tie(a.rank, a.sequence) < std::tie(b.rank, b.sequence);
              });
    for (const Head& head : heads)
    {
      if (answer.ids.size() < count && room.HasRoom(head.kind))
      {
        room.Take(head.kind);
        answer.ids.push_back(head.id);
      }
    }
    return answer;
  }

  // Jumps through the index from kind to kind, however many jobs there are of each.
  std::vector<JobKind> LimitedChoice::ListKinds(Transaction& transaction, FlowRoom& room)
  {
    std::vector<JobKind> kinds;
    transaction.QueryLater<std::string, std::string>(
        // No join: a plan that was made while the table was short would read all of it.
        "WITH RECURSIVE kinds(type, destination) AS (SELECT (SELECT job.type" FIRST_KIND
        ", (SELECT job.destination" FIRST_KIND " UNION ALL"
        " SELECT COALESCE((SELECT job.type" NEXT_DESTINATION ", (SELECT job.type" NEXT_TYPE "),"
        " COALESCE((SELECT job.destination" NEXT_DESTINATION ", (SELECT job.destination" NEXT_TYPE ")"
        " FROM kinds WHERE kinds.type IS NOT NULL)"
        " SELECT type, destination FROM kinds WHERE type IS NOT NULL",
        [&kinds](std::string type, std::string destination)
        {
          kinds.push_back({std::move(type), std::move(destination)});
        });
    CountTaken(transaction, room);
    transaction.Flush();
    return kinds;
  }

  // All that match one of the kinds
  std::set<std::string> LimitedChoice::GetLimitNames(const std::vector<JobKind>& kinds) const
  {
    std::set<std::string> names;
    for (const FlowLimit& limit : limits_)
    {
      const bool isNeeded = std::any_of(kinds.begin(), kinds.end(),
                                        [&](const JobKind& kind)
                                        {
                                          return limit.pattern.Matches(kind.type, kind.destination);
                                        });
      if (isNeeded)
      {
        names.insert(GetLimitName(limit));
      }
    }
    return names;
  }

  // Answers the names of those that others have locked. What runs and what waits is read after the lock, in
  // the same round trip.
  std::vector<std::string> LimitedChoice::Lock(Transaction& transaction,
                                               const std::vector<std::string>& names,
                                               const std::vector<JobKind>& kinds, size_t count,
                                               FlowRoom& room, std::vector<Head>& heads) const
  {
    std::vector<std::string> missing = names;
    if (!names.empty())
    {
      transaction.QueryLater<std::string>(
          "SELECT name FROM SharedJobLimits WHERE name = ANY($1) ORDER BY name FOR UPDATE SKIP LOCKED",
          [&missing](const std::string& name)
          {
            std::erase(missing, name);
          },
          names);
    }
    room = FlowRoom(limits_);
    CountTaken(transaction, room);
    for (const JobKind& kind : kinds)
    {
      // Not "=": then another index would do as well, in which others may stand in front.
      transaction.QueryLater<int64_t, int64_t, std::string>(
          "SELECT claimRank, seq, id FROM SharedJobs WHERE state = 0 AND origin = 0 AND notBefore IS NULL"
          " AND (type, destination) >= ($1, $2) AND (type, destination) <= ($1, $2)"
          " ORDER BY type, destination, claimRank, seq LIMIT $3",
          [&heads, &kind](int64_t rank, int64_t sequence, std::string id)
          {
            heads.push_back({rank, sequence, std::move(id), kind});
          },
          kind.type, kind.destination, count);
    }
    transaction.Flush();
    return missing;
  }
}
