// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Stability/UnstableTable.h"

#include <algorithm>
#include <set>

namespace OrthancRegistry::UnstableTable
{
  namespace
  {
    constexpr int64_t CLAIM_MICROSECONDS = 5000000;

    auto AppendTo(std::vector<Row>& rows)
    {
      return [&rows](int64_t id, ResourceLevel level, std::string publicId, int64_t quiet)
      {
        rows.push_back({{id, level, std::move(publicId)}, std::chrono::microseconds(quiet)});
      };
    }
  }

  void Record(Transaction& transaction, const UnstableParents& parents)
  {
    const auto& [first, second, third] = parents;
    transaction.Execute("INSERT INTO SharedUnstable(internalId, level, publicId, lastAt) VALUES"
                        " ($1, $2, $3, SharedNow()), ($4, $5, $6, SharedNow()), ($7, $8, $9, SharedNow())"
                        " ON CONFLICT (internalId) DO UPDATE SET lastAt = SharedNow(), claimedUntil = NULL",
                        first.id, first.level, first.publicId, second.id, second.level, second.publicId,
                        third.id, third.level, third.publicId);
  }

  std::vector<UnstableResource> Touch(Transaction& transaction,
                                      const std::vector<UnstableResource>& resources,
                                      std::chrono::microseconds elapsed)
  {
    std::vector<int64_t> ids;
    ids.reserve(resources.size());
    for (const UnstableResource& resource : resources)
    {
      ids.push_back(resource.id);
    }
    std::set<int64_t> found;
    transaction.QueryEach<int64_t>(
        "UPDATE SharedUnstable SET claimedUntil = NULL, lastAt = CASE WHEN lastAt < SharedNow() - $2"
        " THEN SharedNow() - $2 ELSE lastAt END WHERE internalId IN (SELECT internalId FROM SharedUnstable"
        " WHERE internalId = ANY($1) ORDER BY internalId FOR UPDATE) RETURNING internalId",
        [&found](int64_t id)
        {
          found.insert(id);
        },
        ids, elapsed.count());

    std::vector<UnstableResource> missing;
    std::ranges::copy_if(resources, std::back_inserter(missing),
                         [&found](const UnstableResource& resource)
                         {
                           return found.count(resource.id) == 0;
                         });
    std::ranges::sort(missing, {}, &UnstableResource::id);
    for (const UnstableResource& resource : missing)
    {
      transaction.Execute("INSERT INTO SharedUnstable(internalId, level, publicId, lastAt)"
                          " VALUES ($1, $2, $3, SharedNow() - $4) ON CONFLICT (internalId) DO NOTHING",
                          resource.id, resource.level, resource.publicId, elapsed.count());
    }
    return missing;
  }

  std::vector<UnstableResource> Claim(Transaction& transaction, std::chrono::microseconds quiet, size_t limit)
  {
    transaction.Execute("DELETE FROM SharedUnstable WHERE lastAt <= SharedNow() - $1 AND NOT EXISTS"
                        " (SELECT 1 FROM Resources r WHERE r.internalId = SharedUnstable.internalId)",
                        quiet.count());
    std::vector<UnstableResource> claimed;
    transaction.QueryEach<int64_t, ResourceLevel, std::string>(
        "UPDATE SharedUnstable SET claimedUntil = SharedNow() + $3 WHERE internalId IN"
        " (SELECT internalId FROM SharedUnstable WHERE lastAt <= SharedNow() - $1"
        " AND (claimedUntil IS NULL OR claimedUntil <= SharedNow())"
        " ORDER BY lastAt, internalId LIMIT $2 FOR UPDATE SKIP LOCKED)"
        " RETURNING internalId, level, publicId",
        [&claimed](int64_t id, ResourceLevel level, std::string publicId)
        {
          claimed.push_back({id, level, std::move(publicId)});
        },
        quiet.count(), limit, CLAIM_MICROSECONDS);

    // The series before their study, like a core that has received them
    std::ranges::sort(claimed,
                      [](const UnstableResource& a, const UnstableResource& b)
                      {
                        return std::tie(b.level, a.id) < std::tie(a.level, b.id);
                      });
    return claimed;
  }

  void ReadRecentLater(Transaction& transaction, std::chrono::microseconds age,
                       std::function<void(UnstableResource resource)> handler)
  {
    transaction.QueryLater<int64_t, ResourceLevel, std::string>(
        "SELECT internalId, level, publicId FROM SharedUnstable WHERE lastAt > SharedNow() - $1",
        [handler = std::move(handler)](int64_t id, ResourceLevel level, std::string publicId)
        {
          handler({id, level, std::move(publicId)});
        },
        age.count());
  }

  std::string_view GetQuestion()
  {
    return "(SELECT internalId FROM SharedUnstable WHERE lastAt > SharedNow() - 10000000 ORDER BY lastAt DESC"
           " LIMIT 1)";
  }

  std::vector<Row> ReadAll(Transaction& transaction)
  {
    std::vector<Row> rows;
    transaction.QueryEach<int64_t, ResourceLevel, std::string, int64_t>(
        "SELECT internalId, level, publicId, SharedNow() - lastAt FROM SharedUnstable", AppendTo(rows));
    return rows;
  }

  std::vector<Row> Read(Transaction& transaction, const std::vector<int64_t>& ids)
  {
    std::vector<Row> rows;
    transaction.QueryEach<int64_t, ResourceLevel, std::string, int64_t>(
        "SELECT internalId, level, publicId, SharedNow() - lastAt FROM SharedUnstable"
        " WHERE internalId = ANY($1)",
        AppendTo(rows), ids);
    return rows;
  }

  std::optional<Row> Lock(Transaction& transaction, int64_t id)
  {
    std::vector<Row> rows;
    transaction.QueryEach<int64_t, ResourceLevel, std::string, int64_t>(
        "SELECT internalId, level, publicId, SharedNow() - lastAt FROM SharedUnstable"
        " WHERE internalId = $1 FOR UPDATE",
        AppendTo(rows), id);
    return rows.empty() ? std::nullopt : std::make_optional(std::move(rows.front()));
  }

  void Remove(Transaction& transaction, int64_t id)
  {
    transaction.Execute("DELETE FROM SharedUnstable WHERE internalId = $1", id);
  }
}
