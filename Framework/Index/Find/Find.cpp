// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/Find.h"

#include "Framework/Index/Find/FilterCompiler.h"
#include "Framework/Index/Find/Retrieval.h"
#include "Framework/Index/Find/SqlBuilder.h"

#include <algorithm>
#include <limits>

namespace OrthancRegistry
{
  namespace
  {
    int64_t ToInteger(uint64_t value)
    {
      constexpr uint64_t maximum = std::numeric_limits<int64_t>::max();
      return static_cast<int64_t>(std::min(value, maximum));
    }

    // The columns of the first round trip after the internal and the public id
    struct Columns
    {
      std::string text;
      std::vector<ResourceLevel> ancestors; // whose internal ids follow
      bool hasParent = false;               // then the public id of the parent follows
    };

    Columns SelectColumns(SqlBuilder& sql, const FindRequest& request)
    {
      const ResourceLevel own = sql.GetLevel();
      const std::string alias(GetAlias(own));
      Columns columns;
      columns.text = alias + ".internalId, " + alias + ".publicId";
      for (ResourceLevel level = ResourceLevel::Patient; level < own; level = GetChildLevel(level))
      {
        const ParentRetrieval& asked = request.parents[static_cast<size_t>(level)];
        if (asked.mainDicomTags || asked.metadata)
        {
          columns.ancestors.push_back(level);
          columns.text.append(", ").append(sql.UseAncestor(GetChildLevel(level))).append(".parentId");
        }
      }
      if (request.parentIdentifier && own != ResourceLevel::Patient)
      {
        columns.hasParent = true;
        columns.text.append(", ").append(sql.UseAncestor(GetParentLevel(own))).append(".publicId");
      }
      return columns;
    }

    FoundRow ReadRow(const IRow& row, const Columns& columns)
    {
      FoundRow found;
      size_t column = 0;
      found.item.id = row.GetInteger(column++);
      found.item.publicId = row.GetText(column++);
      for (const ResourceLevel level : columns.ancestors)
      {
        found.ancestors[static_cast<size_t>(level)] = row.GetInteger(column++);
      }
      if (columns.hasParent)
      {
        found.item.parentPublicId = row.GetText(column++);
      }
      return found;
    }

    std::string GetLimits(SqlBuilder& sql, const std::optional<FindLimits>& limits)
    {
      if (!limits || (limits->since == 0 && limits->count == 0))
      {
        return "";
      }
      const uint64_t count = limits->count == 0 ? std::numeric_limits<uint64_t>::max() : limits->count;
      std::string text = " LIMIT " + sql.Bind(ToInteger(count));
      return text + " OFFSET " + sql.Bind(ToInteger(limits->since));
    }
  }

  std::vector<FoundItem> FindResources(IndexTransaction& t, const FindRequest& request)
  {
    SqlBuilder sql(request.filter.level);
    CompileFilter(sql, t.dialect, request.filter);
    CompileOrdering(sql, t.dialect, request.ordering);
    const Columns columns = SelectColumns(sql, request);
    const std::string limits = GetLimits(sql, request.limits);

    std::vector<FoundRow> rows;
    t.transaction.QueryRows(sql.BuildSelect(columns.text) + limits, sql.GetParameters(),
                            [&](const IRow& row)
                            {
                              rows.push_back(ReadRow(row, columns));
                            });
    return Retrieval(t, request, rows).Run();
  }

  uint64_t CountResources(IndexTransaction& t, const FindFilter& filter)
  {
    SqlBuilder sql(filter.level);
    CompileFilter(sql, t.dialect, filter);
    uint64_t count = 0;
    t.transaction.QueryRows(sql.BuildSelect("COUNT(*)"), sql.GetParameters(),
                            [&count](const IRow& row)
                            {
                              count = static_cast<uint64_t>(row.GetInteger(0));
                            });
    return count;
  }

  LookupAnswer LookupResources(IndexTransaction& t, const FindFilter& filter, uint32_t limit,
                               bool retrieveInstances)
  {
    FindRequest request;
    request.filter = filter;
    request.limits = FindLimits{0, limit};
    request.oneInstance = retrieveInstances && filter.level != ResourceLevel::Instance;

    LookupAnswer answer;
    for (FoundItem& item : FindResources(t, request))
    {
      if (retrieveInstances)
      {
        answer.instances.push_back(request.oneInstance ? std::move(item.oneInstancePublicId) : item.publicId);
      }
      answer.resources.push_back(std::move(item.publicId));
    }
    return answer;
  }
}
