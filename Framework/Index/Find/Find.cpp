// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/Find.h"

#include "Framework/Index/Find/FilterCompiler.h"
#include "Framework/Index/Find/FindPage.h"
#include "Framework/Index/Find/PlanReuse.h"
#include "Framework/Index/Find/Retrieval.h"
#include "Framework/Index/Find/SqlBuilder.h"
#include "Framework/Index/KnownSeries.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    // The columns of the first round trip after the internal and the public id
    struct Columns
    {
      std::string text;
      std::vector<ResourceLevel> ancestors; // whose internal ids follow
      bool hasParent = false;               // then the public id of the parent follows
    };

    std::vector<ResourceLevel> GetAncestors(const FindRequest& request)
    {
      std::vector<ResourceLevel> ancestors;
      for (ResourceLevel level = ResourceLevel::Patient; level < request.filter.level;
           level = GetChildLevel(level))
      {
        const ParentRetrieval& asked = request.parents[static_cast<size_t>(level)];
        if (asked.mainDicomTags || asked.metadata)
        {
          ancestors.push_back(level);
        }
      }
      return ancestors;
    }

    bool HasParent(const FindRequest& request)
    {
      return request.parentIdentifier && request.filter.level != ResourceLevel::Patient;
    }

    // Ancestors are joined.
    Columns SelectColumns(SqlBuilder& sql, const FindRequest& request)
    {
      const ResourceLevel own = sql.GetLevel();
      Columns columns{GetIdColumns(own), GetAncestors(request), HasParent(request)};
      for (const ResourceLevel level : columns.ancestors)
      {
        columns.text.append(", ").append(sql.UseAncestor(GetChildLevel(level))).append(".parentId");
      }
      if (columns.hasParent)
      {
        columns.text.append(", ").append(sql.UseAncestor(GetParentLevel(own))).append(".publicId");
      }
      return columns;
    }

    std::string LookUp(std::string_view column, const std::string& internalId)
    {
      return "(SELECT Resources." + std::string(column) +
             " FROM Resources WHERE Resources.internalId = " + internalId + ")";
    }

    // Ancestors are looked up for each row of "found".
    Columns LookUpColumns(const FindRequest& request)
    {
      const ResourceLevel own = request.filter.level;
      Columns columns{"found.internalId, found.publicId", GetAncestors(request), HasParent(request)};
      const auto getAncestor = [own](ResourceLevel level)
      {
        std::string id = "found.internalId";
        for (ResourceLevel current = own; current > level; current = GetParentLevel(current))
        {
          id = LookUp("parentId", id);
        }
        return id;
      };
      for (const ResourceLevel level : columns.ancestors)
      {
        columns.text += ", " + getAncestor(level);
      }
      if (columns.hasParent)
      {
        columns.text += ", " + LookUp("publicId", getAncestor(GetParentLevel(own)));
      }
      return columns;
    }

    struct Statement
    {
      Columns columns;
      std::string text;
    };

    Statement MakeStatement(SqlBuilder& sql, const IFindDialect& dialect, const FindRequest& request)
    {
      if (HasLimits(request))
      {
        Columns columns = LookUpColumns(request);
        const std::string page = SelectPage(sql, dialect, request);
        return {columns, "SELECT " + columns.text + " FROM (" + page + ") AS found"};
      }
      CompileFilter(sql, dialect, request.filter);
      CompileOrdering(sql, dialect, request.ordering);
      Columns columns = SelectColumns(sql, request);
      return {columns, sql.BuildSelect(columns.text)};
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

    // Whether an index finds a text like this: by how it begins, or by three characters in a row (trigrams)
    bool IsWildcardInAnIndex(const std::string& wildcard)
    {
      constexpr size_t TRIGRAM = 3;
      size_t literals = 0;
      for (const char character : wildcard)
      {
        literals = character == '*' || character == '?' ? 0 : literals + 1;
        if (literals == TRIGRAM)
        {
          return true;
        }
      }
      return wildcard.find_first_of("*?") != 0;
    }

    bool IsInAnIndex(const TagConstraint& constraint)
    {
      return constraint.isIdentifier && constraint.isCaseSensitive && constraint.isMandatory &&
             (constraint.type != ConstraintType::Wildcard ||
              std::all_of(constraint.values.begin(), constraint.values.end(), IsWildcardInAnIndex));
    }

    // A statement that keeps something cannot have several processes of the server: a search that has to look
    // at everything may be worth them.
    bool IsScan(const FindFilter& filter)
    {
      const bool hasConstraints = !filter.tags.empty() || !filter.metadata.empty();
      const bool hasIds = std::any_of(filter.orthancIds.begin(), filter.orthancIds.end(),
                                      [](const std::string& id)
                                      {
                                        return !id.empty();
                                      });
      return hasConstraints && !hasIds && std::none_of(filter.tags.begin(), filter.tags.end(), IsInAnIndex);
    }

    // Whether the ids of what is found stay at the server, so that the contents are retrieved in the same
    // round trip
    bool MayBeKept(const SqlBuilder& sql, const FindRequest& request)
    {
      constexpr size_t MAXIMUM_SIZE = 1024 * 1024; // more may not travel at once
      return Retrieval::IsAnythingAsked(request) && !IsScan(request.filter) && sql.GetSize() <= MAXIMUM_SIZE;
    }

    std::string KeepFound(const Statement& statement, ResourceLevel own, const IKeptIds& kept)
    {
      std::string keep = kept.Keep(own, "SELECT internalId FROM found");
      std::string text = "WITH found (internalId, publicId";
      for (const ResourceLevel level : statement.columns.ancestors)
      {
        const std::string column = "ancestor" + std::to_string(static_cast<int>(level));
        text += ", " + column;
        keep += " AND " + kept.Keep(level, "SELECT " + column + " FROM found");
      }
      text += statement.columns.hasParent ? ", parentPublicId" : "";
      return text + ") AS MATERIALIZED (" + statement.text + ") SELECT * FROM found WHERE " + keep;
    }

    // Orthanc looks for an instance before it stores it.
    void NoteAbsence(const FindFilter& filter, const std::vector<FoundItem>& found)
    {
      const std::string& instance = filter.orthancIds[static_cast<size_t>(ResourceLevel::Instance)];
      if (found.empty() && filter.level == ResourceLevel::Instance && !instance.empty())
      {
        KnownSeries::NoteAbsent(instance);
      }
    }

    // A transaction that writes would keep the setting for its other statements.
    void PrepareSearch(IndexTransaction& t, const FindFilter& filter)
    {
      if (t.mode == AccessMode::ReadOnly && IsPlanReusable(filter))
      {
        t.dialect.GetFindDialect().ReusePlans(t.transaction);
      }
    }
  }

  std::vector<FoundItem> FindResources(IndexTransaction& t, const FindRequest& request)
  {
    SqlBuilder sql(request.filter.level);
    const IFindDialect& dialect = t.dialect.GetFindDialect();
    const Statement statement = MakeStatement(sql, dialect, request);
    const IKeptIds* const kept = MayBeKept(sql, request) ? dialect.GetKeptIds() : nullptr;
    Retrieval retrieval(t, request, kept);
    PrepareSearch(t, request.filter);
    const auto onRow = [&](const IRow& row)
    {
      retrieval.Add(ReadRow(row, statement.columns));
    };
    if (kept != nullptr)
    {
      t.transaction.QueryRowsLater(KeepFound(statement, request.filter.level, *kept), sql.GetParameters(),
                                   onRow);
    }
    else
    {
      t.transaction.QueryRows(statement.text, sql.GetParameters(), onRow);
    }
    std::vector<FoundItem> found = retrieval.Run();
    NoteAbsence(request.filter, found);
    return found;
  }

  uint64_t CountResources(IndexTransaction& t, const FindFilter& filter)
  {
    SqlBuilder sql(filter.level);
    CompileFilter(sql, t.dialect.GetFindDialect(), filter);
    PrepareSearch(t, filter);
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
