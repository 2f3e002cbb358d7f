// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/FindPage.h"

#include "Framework/Index/Find/FilterCompiler.h"

#include <algorithm>
#include <limits>

namespace OrthancRegistry
{
  namespace
  {
    // Walking costs as much for each resource, so at some distance it is cheaper to sort all of them.
    constexpr uint64_t LONGEST_WALK = 20000;

    int64_t ToInteger(uint64_t value)
    {
      constexpr uint64_t maximum = std::numeric_limits<int64_t>::max();
      return static_cast<int64_t>(std::min(value, maximum));
    }

    // The parameters of the limits
    struct Limits
    {
      Limits(SqlBuilder& sql, const FindLimits& limits)
          : count(
                sql.Bind(ToInteger(limits.count == 0 ? std::numeric_limits<uint64_t>::max() : limits.count))),
            text(" LIMIT " + count + " OFFSET " + sql.Bind(ToInteger(limits.since)))
      {
      }

      std::string count;
      std::string text;
    };

    std::string GetIds(ResourceLevel level)
    {
      const std::string alias(GetAlias(level));
      return alias + ".internalId, " + alias + ".publicId";
    }

    // A page of all resources of a level. An index alone tells which public ids it has.
    std::string SelectPlainPage(const SqlBuilder& sql, const IIndexDialect& dialect, const Limits& limits)
    {
      const std::string alias(GetAlias(sql.GetLevel()));
      std::string text = "SELECT " + GetIds(sql.GetLevel()) + " FROM (" +
                         sql.BuildSelect(alias + ".publicId") + limits.text + ") AS page JOIN Resources AS ";
      text += alias + " ON " + alias + ".publicId = page.publicId ORDER BY " + alias + ".publicId";
      return text.append(dialect.GetBytewiseCollation());
    }

    bool IsWalk(const SqlBuilder& sql, const FindRequest& request)
    {
      const FindLimits& limits = *request.limits;
      return request.ordering.size() == 1 && sql.IsPlain() && !request.ordering[0].isMetadata &&
             request.ordering[0].isIdentifier && request.ordering[0].tagLevel == sql.GetLevel() &&
             request.ordering[0].cast == Ordering::Cast::String && limits.count > 0 &&
             limits.count <= LONGEST_WALK && limits.since <= LONGEST_WALK - limits.count;
    }

    // All resources of a level by one identifier: along the index of the identifiers, up to the end of the
    // page. "LIMIT 1" keeps the planner, which overrates the many searches for single rows, from joining and
    // sorting everything. Without NULLS LAST it is the order of the index in both directions.
    std::string SelectWalk(SqlBuilder& sql, const IIndexDialect& dialect, const Ordering& key,
                           const Limits& limits)
    {
      const std::string alias(GetAlias(sql.GetLevel()));
      SqlBuilder one(sql.GetLevel());
      one.AddCondition(alias + ".internalId = walk.id");
      std::string text = "SELECT " + GetIds(sql.GetLevel()) +
                         " FROM DicomIdentifiers AS walk CROSS JOIN LATERAL (" +
                         one.BuildSelect(GetIds(sql.GetLevel())) + " LIMIT 1) AS " + alias;
      text += " WHERE walk.tagGroup = " + sql.Bind(key.tag.group);
      text += " AND walk.tagElement = " + sql.Bind(key.tag.element);
      text += " AND walk.value IS NOT NULL ORDER BY walk.value";
      text.append(dialect.GetBytewiseCollation()).append(key.descending ? " DESC, " : ", ");
      text += alias + ".publicId";
      text.append(dialect.GetBytewiseCollation());
      return text + limits.text;
    }

    // Resources without the identifier come last: a walk that fills the page has the answer, for another one
    // the second branch is run, and only then.
    std::string SelectWalkOrSort(const std::string& walk, const std::string& sort, const Limits& limits)
    {
      const std::string count = "(SELECT COUNT(*) FROM walked)";
      std::string text = "WITH walked AS MATERIALIZED (" + walk + ") SELECT internalId, publicId FROM walked";
      text += " WHERE " + count + " = " + limits.count;
      text += " UNION ALL SELECT internalId, publicId FROM (" + sort + ") AS sorted";
      return text + " WHERE " + count + " < " + limits.count;
    }
  }

  bool HasLimits(const FindRequest& request)
  {
    return request.limits && (request.limits->since != 0 || request.limits->count != 0);
  }

  std::string SelectPage(SqlBuilder& sql, const IIndexDialect& dialect, const FindRequest& request)
  {
    CompileFilter(sql, dialect, request.filter);
    const bool isPlain = sql.IsPlain() && request.ordering.empty();
    const bool isWalk = IsWalk(sql, request);
    CompileOrdering(sql, dialect, request.ordering);
    const Limits limits(sql, *request.limits);
    if (isPlain && dialect.HasLateralJoins())
    {
      return SelectPlainPage(sql, dialect, limits);
    }
    const std::string page = sql.BuildSelect(GetIds(sql.GetLevel())) + limits.text;
    if (isWalk && dialect.HasLateralJoins())
    {
      return SelectWalkOrSort(SelectWalk(sql, dialect, request.ordering[0], limits), page, limits);
    }
    return page;
  }
}
