// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/FindPage.h"

#include "Framework/Index/Find/FilterCompiler.h"

#include <algorithm>
#include <limits>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t ALL = std::numeric_limits<int64_t>::max();

    int64_t ToInteger(uint64_t value)
    {
      return static_cast<int64_t>(std::min(value, static_cast<uint64_t>(ALL)));
    }

    PageLimits BindLimits(SqlBuilder& sql, const FindLimits& limits)
    {
      PageLimits bound;
      bound.since = ToInteger(limits.since);
      bound.count = limits.count == 0 ? ALL : ToInteger(limits.count);
      bound.countParameter = sql.Bind(bound.count);
      bound.text = " LIMIT " + bound.countParameter + " OFFSET " + sql.Bind(bound.since);
      return bound;
    }

    bool IsByOwnIdentifier(ResourceLevel level, const std::vector<Ordering>& ordering)
    {
      return ordering.size() == 1 && !ordering[0].isMetadata && ordering[0].isIdentifier &&
             ordering[0].tagLevel == level && ordering[0].cast == Ordering::Cast::String;
    }
  }

  bool HasLimits(const FindRequest& request)
  {
    return request.limits && (request.limits->since != 0 || request.limits->count != 0);
  }

  std::string SelectPage(SqlBuilder& sql, const IFindDialect& dialect, const FindRequest& request)
  {
    CompileFilter(sql, dialect, request.filter);
    const bool isOfAll = sql.IsPlain();
    CompileOrdering(sql, dialect, request.ordering);
    const PageLimits limits = BindLimits(sql, *request.limits);
    std::optional<std::string> page;
    if (isOfAll && request.ordering.empty())
    {
      page = dialect.SelectPageOfAll(sql, limits);
    }
    else if (isOfAll && IsByOwnIdentifier(sql.GetLevel(), request.ordering))
    {
      page = dialect.SelectPageByIdentifier(sql, request.ordering[0], limits);
    }
    return page ? *page : sql.BuildSelect(GetIdColumns(sql.GetLevel())) + limits.text;
  }
}
