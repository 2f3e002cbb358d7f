// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ClaimStore.h"

#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobMessages.h"
#include "Framework/Jobs/StoredContent.h"

#include <algorithm>
#include <tuple>

namespace OrthancRegistry
{
  namespace
  {
    // Background threads try again by themselves.
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};

    // What a claim writes, and what it answers in the order of the handler of ReadClaimed()
#define CLAIM_NEXT                                                                                           \
  " UPDATE SharedJobs SET state = 1, revision = revision + 1, attempts = attempts + 1, fence = fence + 1,"   \
  " owner = $1, replica = $2, changedAt = SharedNow()" /* A literal limit: from a bound one PostgreSQL       \
                                                          expects a share of the table, and reads all of it  \
                                                        */                                                   \
  " WHERE id IN (SELECT id FROM next LIMIT 64)"                                                              \
  " RETURNING claimRank, seq, id, type, destination, attempts, retries, crashes, fence,"                     \
  " (SELECT uri FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id),"                           \
  " (SELECT body FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id),"                          \
  " (SELECT isBodyPacked FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id),"                  \
  " (SELECT submittedBy FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id),"                   \
  " (SELECT remoteIp FROM SharedJobDetails AS detail WHERE detail.id = SharedJobs.id)"

    template <typename... Arguments>
    std::vector<ClaimedJob> ReadClaimed(Transaction& transaction, std::string_view sql,
                                        const Arguments&... arguments)
    {
      using Row = std::tuple<int64_t, int64_t, ClaimedJob>; // the order of the run first
      std::vector<Row> rows;
      transaction.QueryEach<int64_t, int64_t, std::string, std::string, std::string, int, int, int, int64_t,
                            std::string, Binary, bool, std::string, std::string>(
          sql,
          [&rows](int64_t rank, int64_t sequence, std::string id, std::string type, std::string destination,
                  int attempt, int retries, int crashes, int64_t fence, std::string uri, Binary body,
                  bool isBodyPacked, std::string user, std::string remoteIp)
          {
            ClaimedJob job;
            job.id = std::move(id);
            job.type = std::move(type);
            job.destination = std::move(destination);
            job.attempt = attempt;
            job.retries = retries;
            job.crashes = crashes;
            job.fence = fence;
            job.request.uri = std::move(uri);
            job.request.body = ReadBody({std::move(body), isBodyPacked});
            job.request.user = std::move(user);
            job.request.remoteIp = std::move(remoteIp);
            rows.emplace_back(rank, sequence, std::move(job));
          },
          arguments...);
      std::sort(rows.begin(), rows.end(),
                [](const Row& a, const Row& b)
                {
                  return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
                });
      std::vector<ClaimedJob> jobs;
      jobs.reserve(rows.size());
      for (Row& row : rows)
      {
        jobs.push_back(std::move(std::get<2>(row)));
      }
      return jobs;
    }
  }

  namespace
  {
    std::vector<std::string> GetIds(const std::vector<ClaimedJob>& jobs)
    {
      std::vector<std::string> ids;
      ids.reserve(jobs.size());
      for (const ClaimedJob& job : jobs)
      {
        ids.push_back(job.id);
      }
      return ids;
    }
  }

  ClaimStore::ClaimStore(const JobsConfiguration& configuration, const ReplicaIdentity& identity,
                         IDatabase& database, IMessageBus& bus)
      : identity_(identity), database_(database), bus_(bus), rank_(configuration.ageingSeconds),
        hasLimits_(!configuration.limits.empty()), choice_(configuration.limits)
  {
  }

  ClaimAnswer ClaimStore::Claim(size_t count)
  {
    count = std::min(count, MAXIMUM_CLAIM);
    Prepare();
    return RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          ClaimAnswer answer;
          if (!hasLimits_)
          {
            answer.jobs = ClaimNext(transaction, count);
          }
          else
          {
            const auto choice = choice_.Choose(transaction, count);
            if (!choice.ids.empty())
            {
              answer.jobs = ClaimChosen(transaction, choice.ids);
            }
            answer.isContended = choice.isContended || answer.jobs.size() < choice.ids.size();
          }
          PublishChanges(bus_, transaction, GetIds(answer.jobs));
          return answer;
        },
        BACKGROUND_POLICY);
  }

  // The configuration may be another one than that of the last start.
  void ClaimStore::Prepare()
  {
    if (isPrepared_)
    {
      return;
    }
    CorrectClaimRanks(database_, rank_);
    if (hasLimits_)
    {
      RunTransaction(
          database_, AccessMode::ReadWrite,
          [this](Transaction& transaction)
          {
            choice_.CreateRows(transaction);
          },
          BACKGROUND_POLICY);
    }
    isPrepared_ = true;
  }

  std::vector<ClaimedJob> ClaimStore::ClaimNext(Transaction& transaction, size_t count) const
  {
    return ReadClaimed(
        transaction,
        "WITH self AS (SELECT incarnation FROM SharedReplicas WHERE incarnation = $1"
        " AND rescuedAt IS NULL FOR KEY SHARE),"
        " next AS (SELECT id FROM SharedJobs WHERE state = 0 AND origin = 0 AND notBefore IS NULL"
        " AND EXISTS (SELECT 1 FROM self) ORDER BY claimRank, seq LIMIT $3 FOR UPDATE SKIP "
        "LOCKED)" CLAIM_NEXT,
        identity_.incarnation, identity_.serverIdentifier, count);
  }

  std::vector<ClaimedJob> ClaimStore::ClaimChosen(Transaction& transaction,
                                                  const std::vector<std::string>& ids) const
  {
    return ReadClaimed(
        transaction,
        "WITH self AS (SELECT incarnation FROM SharedReplicas WHERE incarnation = $1"
        " AND rescuedAt IS NULL FOR KEY SHARE),"
        // "state + origin": so that the indexes of waiting jobs, which may be long, do not look promising
        " next AS (SELECT id FROM SharedJobs WHERE id = ANY($3) AND state + origin = 0"
        " AND notBefore IS NULL AND EXISTS (SELECT 1 FROM self) FOR UPDATE SKIP LOCKED)" CLAIM_NEXT,
        identity_.incarnation, identity_.serverIdentifier, ids);
  }
}
