// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLFindDialect.h"

namespace OrthancRegistry
{
  namespace
  {
    // Walking costs as much for each resource, so at some distance it is cheaper to sort all of them.
    constexpr int64_t LONGEST_WALK = 20000;

    // A larger page is worth reading all resources.
    constexpr int64_t LONGEST_PAGE_BY_ROW = 1000;

    constexpr std::string_view COLLATION = " COLLATE \"C\"";

    std::string GetVariable(ResourceLevel level)
    {
      return "'registry.found" + std::to_string(static_cast<int>(level)) + "'";
    }

    // Along the index of the identifiers, up to the end of the page. "LIMIT 1" keeps the planner, which
    // overrates the many searches for single rows, from joining and sorting everything. Without NULLS LAST it
    // is the order of the index in both directions.
    std::string SelectWalk(SqlBuilder& sql, const Ordering& key, const PageLimits& limits)
    {
      const std::string alias(GetAlias(sql.GetLevel()));
      const std::string ids = GetIdColumns(sql.GetLevel());
      SqlBuilder one(sql.GetLevel());
      one.AddCondition(alias + ".internalId = walk.id");
      std::string text = "SELECT " + ids + " FROM DicomIdentifiers AS walk CROSS JOIN LATERAL (" +
                         one.BuildSelect(ids) + " LIMIT 1) AS " + alias;
      text += " WHERE walk.tagGroup = " + sql.Bind(key.tag.group);
      text += " AND walk.tagElement = " + sql.Bind(key.tag.element);
      text += " AND walk.value IS NOT NULL ORDER BY walk.value";
      text.append(COLLATION).append(key.descending ? " DESC, " : ", ");
      text.append(alias).append(".publicId").append(COLLATION);
      return text + limits.text;
    }
  }

  std::string_view PostgreSQLFindDialect::GetBytewiseCollation() const
  {
    return COLLATION;
  }

  std::string_view PostgreSQLFindDialect::GetWildcardOperator() const
  {
    return " LIKE ";
  }

  std::string PostgreSQLFindDialect::TranslateWildcard(std::string_view wildcard) const
  {
    std::string pattern;
    for (const char character : wildcard)
    {
      switch (character)
      {
      case '*':
        pattern += '%';
        break;
      case '?':
        pattern += '_';
        break;
      case '%':
      case '_':
      case '\\':
        pattern += '\\';
        [[fallthrough]];
      default:
        pattern += character;
      }
    }
    return pattern;
  }

  // An index alone tells which public ids the page has. Again, "LIMIT 1" is against the planner, which joins
  // a page with all resources if they are not very many.
  std::optional<std::string> PostgreSQLFindDialect::SelectPageOfAll(const SqlBuilder& sql,
                                                                    const PageLimits& limits) const
  {
    const std::string alias(GetAlias(sql.GetLevel()));
    const std::string ids = GetIdColumns(sql.GetLevel());
    const std::string isOfPage = alias + ".publicId = page.publicId";
    std::string text =
        "SELECT " + ids + " FROM (" + sql.BuildSelect(alias + ".publicId") + limits.text + ") AS page ";
    text += limits.count <= LONGEST_PAGE_BY_ROW
                ? "CROSS JOIN LATERAL (SELECT " + ids + " FROM Resources AS " + alias + " WHERE " + isOfPage +
                      " LIMIT 1) AS " + alias
                : "JOIN Resources AS " + alias + " ON " + isOfPage;
    text += " ORDER BY page.publicId";
    return text.append(COLLATION);
  }

  // Resources without the identifier come last: a walk that fills the page has the answer, for another one
  // the second branch is run, and only then.
  std::optional<std::string> PostgreSQLFindDialect::SelectPageByIdentifier(SqlBuilder& sql,
                                                                           const Ordering& key,
                                                                           const PageLimits& limits) const
  {
    if (limits.count > LONGEST_WALK || limits.since > LONGEST_WALK - limits.count)
    {
      return std::nullopt;
    }
    const std::string count = "(SELECT COUNT(*) FROM walked)";
    std::string text = "WITH walked AS MATERIALIZED (" + SelectWalk(sql, key, limits) +
                       ") SELECT internalId, publicId FROM walked";
    text += " WHERE " + count + " = " + limits.countParameter;
    text += " UNION ALL SELECT internalId, publicId FROM (" + sql.BuildSelect(GetIdColumns(sql.GetLevel())) +
            limits.text + ") AS sorted";
    return text + " WHERE " + count + " < " + limits.countParameter;
  }

  void PostgreSQLFindDialect::ReusePlans(Transaction& transaction) const
  {
    transaction.Execute("SELECT set_config('plan_cache_mode', 'force_generic_plan', TRUE)");
  }

  std::string PostgreSQLKeptIds::Keep(ResourceLevel level, const std::string& query) const
  {
    return "(SELECT set_config(" + GetVariable(level) + ", CAST(ARRAY(" + query +
           ") AS TEXT), TRUE)) IS NOT NULL";
  }

  std::string PostgreSQLKeptIds::Get(ResourceLevel level) const
  {
    return "CAST(NULLIF(current_setting(" + GetVariable(level) + ", TRUE), '') AS BIGINT[])";
  }
}
