// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/FilterCompiler.h"

#include "Framework/Common/Errors.h"

#include <map>
#include <set>
#include <tuple>

namespace OrthancRegistry
{
  namespace
  {
    // What tag and metadata constraints have in common
    struct Comparison
    {
      bool isCaseSensitive;
      bool isMandatory;
      ConstraintType type;
      const std::vector<std::string>& values;
    };

    // A row of DicomIdentifiers, MainDicomTags or Metadata, at most one per resource
    struct ValueRow
    {
      std::string alias;
      std::string source; // "table AS alias ON ..."
    };

    std::string_view GetTagTable(bool isIdentifier)
    {
      return isIdentifier ? "DicomIdentifiers" : "MainDicomTags";
    }

    ValueRow JoinTag(SqlBuilder& sql, std::string_view resource, bool isIdentifier, const TagKey& tag)
    {
      ValueRow row{sql.CreateAlias(), {}};
      row.source.append(GetTagTable(isIdentifier)).append(" AS ").append(row.alias);
      row.source.append(" ON ").append(row.alias).append(".id = ").append(resource).append(".internalId");
      // As numbers in the text, so that a plan that is kept can use what is known of this tag
      row.source.append(" AND ").append(row.alias).append(".tagGroup = ").append(std::to_string(tag.group));
      row.source.append(" AND ").append(row.alias).append(".tagElement = ");
      row.source.append(std::to_string(tag.element));
      return row;
    }

    ValueRow JoinMetadata(SqlBuilder& sql, std::string_view resource, int metadata)
    {
      ValueRow row{sql.CreateAlias(), {}};
      row.source.append("Metadata AS ").append(row.alias);
      row.source.append(" ON ").append(row.alias).append(".id = ").append(resource).append(".internalId");
      row.source.append(" AND ").append(row.alias).append(".type = ").append(sql.Bind(metadata));
      return row;
    }

    const std::string& GetSingleValue(const Comparison& comparison)
    {
      if (comparison.values.size() != 1)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "A constraint on one value has " + std::to_string(comparison.values.size()));
      }
      return comparison.values.front();
    }

    std::string Fold(const Comparison& comparison, const std::string& text)
    {
      return comparison.isCaseSensitive ? text : "SharedFold(" + text + ")";
    }

    std::string CompareWithList(SqlBuilder& sql, const Comparison& comparison, const std::string& left)
    {
      if (comparison.values.empty())
      {
        return "1 = 0";
      }
      if (comparison.isCaseSensitive)
      {
        return left + " = ANY(" + sql.Bind(comparison.values) + ")";
      }
      std::string text = left + " IN (";
      for (const std::string& value : comparison.values)
      {
        text += text.ends_with('(') ? "" : ", ";
        text += Fold(comparison, sql.Bind(value));
      }
      return text + ")";
    }

    // Without a literal beginning, the collation would only keep PostgreSQL from using its trigram index;
    // with one, it lets the index in the order of the bytes find the beginning.
    std::string CompareWithWildcard(SqlBuilder& sql, const IFindDialect& dialect,
                                    const Comparison& comparison, const std::string& column)
    {
      const std::string& wildcard = GetSingleValue(comparison);
      std::string text = Fold(comparison, column);
      if (wildcard.find_first_of("*?") != 0)
      {
        text += dialect.GetBytewiseCollation();
      }
      text += dialect.GetWildcardOperator();
      text += Fold(comparison, sql.Bind(dialect.TranslateWildcard(wildcard)));
      return text;
    }

    std::string Compare(SqlBuilder& sql, const IFindDialect& dialect, const Comparison& comparison,
                        const std::string& column)
    {
      const std::string left = Fold(comparison, column) + std::string(dialect.GetBytewiseCollation());
      switch (comparison.type)
      {
      case ConstraintType::Equal:
        return left + " = " + Fold(comparison, sql.Bind(GetSingleValue(comparison)));
      case ConstraintType::SmallerOrEqual:
        return left + " <= " + Fold(comparison, sql.Bind(GetSingleValue(comparison)));
      case ConstraintType::GreaterOrEqual:
        return left + " >= " + Fold(comparison, sql.Bind(GetSingleValue(comparison)));
      case ConstraintType::Wildcard:
        return CompareWithWildcard(sql, dialect, comparison, column);
      case ConstraintType::List:
        return CompareWithList(sql, comparison, left);
      }
      throw RegistryError(ErrorCode::ParameterOutOfRange, "Unknown type of constraint");
    }

    bool IsAlwaysTrue(const Comparison& comparison)
    {
      return comparison.type == ConstraintType::Wildcard && !comparison.isMandatory &&
             comparison.values.size() == 1 && comparison.values.front() == "*";
    }

    std::string GetJoin(bool isMandatory, const ValueRow& row)
    {
      return (isMandatory ? "JOIN " : "LEFT JOIN ") + row.source;
    }

    // The condition on a row that was joined so
    std::string CompareRow(SqlBuilder& sql, const IFindDialect& dialect, const Comparison& comparison,
                           const ValueRow& row)
    {
      const std::string column = row.alias + ".value";
      const std::string matches = Compare(sql, dialect, comparison, column);
      return comparison.isMandatory ? matches : "(" + column + " IS NULL OR " + matches + ")";
    }

    template <typename Constraint>
    Comparison GetComparison(const Constraint& constraint)
    {
      return {constraint.isCaseSensitive, constraint.isMandatory, constraint.type, constraint.values};
    }

    // The descendants of a resource found, up to where further conditions follow
    std::string BeginDescendants(const SqlBuilder& sql, ResourceLevel target, const std::string& join)
    {
      std::string text = "EXISTS (SELECT 1 " + GetDescendantTables(sql.GetLevel(), target) + " " + join;
      text += " WHERE " + GetDescendantRoot(sql.GetLevel()) + " = ";
      text += GetAlias(sql.GetLevel());
      return text + ".internalId";
    }

    void CompileTagOfDescendants(SqlBuilder& sql, const IFindDialect& dialect,
                                 const TagConstraint& constraint)
    {
      const ValueRow row = JoinTag(sql, GetAlias(constraint.level), constraint.isIdentifier, constraint.tag);
      std::string text = BeginDescendants(sql, constraint.level, GetJoin(constraint.isMandatory, row));
      text += " AND " + CompareRow(sql, dialect, GetComparison(constraint), row);
      sql.AddCondition(text + ")");
    }

    // Constraints on the same tag of the same resource share one row: a range becomes one search in an index.
    using TagRowKey = std::tuple<ResourceLevel, bool, uint16_t, uint16_t>;

    void CompileTags(SqlBuilder& sql, const IFindDialect& dialect,
                     const std::vector<TagConstraint>& constraints)
    {
      std::map<TagRowKey, std::vector<const TagConstraint*>> groups;
      for (const TagConstraint& constraint : constraints)
      {
        if (IsAlwaysTrue(GetComparison(constraint)))
        {
          continue;
        }
        if (constraint.level > sql.GetLevel())
        {
          CompileTagOfDescendants(sql, dialect, constraint);
          continue;
        }
        const TagKey& tag = constraint.tag;
        groups[{constraint.level, constraint.isIdentifier, tag.group, tag.element}].push_back(&constraint);
      }

      for (const auto& [key, group] : groups)
      {
        const TagConstraint& first = *group.front();
        const ValueRow row = JoinTag(sql, sql.UseAncestor(first.level), first.isIdentifier, first.tag);
        bool isMandatory = false;
        for (const TagConstraint* const constraint : group)
        {
          isMandatory = isMandatory || constraint->isMandatory;
          sql.AddCondition(CompareRow(sql, dialect, GetComparison(*constraint), row));
        }
        sql.AddJoin(GetJoin(isMandatory, row));
      }
    }

    void CompileMetadata(SqlBuilder& sql, const IFindDialect& dialect, const MetadataConstraint& constraint)
    {
      const Comparison comparison = GetComparison(constraint);
      if (!IsAlwaysTrue(comparison))
      {
        const ValueRow row = JoinMetadata(sql, GetAlias(sql.GetLevel()), constraint.metadata);
        sql.AddJoin(GetJoin(constraint.isMandatory, row));
        sql.AddCondition(CompareRow(sql, dialect, comparison, row));
      }
    }

    void CompileOrthancId(SqlBuilder& sql, ResourceLevel level, const std::string& publicId)
    {
      const std::string matches = std::string(GetAlias(level)) + ".publicId = " + sql.Bind(publicId);
      if (level <= sql.GetLevel())
      {
        sql.UseAncestor(level);
        sql.AddCondition(matches);
        return;
      }
      sql.AddCondition(BeginDescendants(sql, level, "") + " AND " + matches + ")");
    }

    void CompileLabels(SqlBuilder& sql, const FindFilter& filter)
    {
      const std::set<std::string> distinct(filter.labels.begin(), filter.labels.end());
      const std::vector<std::string> labels(distinct.begin(), distinct.end());
      const std::string id = std::string(GetAlias(sql.GetLevel())) + ".internalId";

      if (filter.labelsConstraint == LabelsConstraint::None)
      {
        std::string text = "NOT EXISTS (SELECT 1 FROM Labels WHERE Labels.id = " + id;
        if (!labels.empty())
        {
          text += " AND Labels.label = ANY(" + sql.Bind(labels) + ")";
        }
        sql.AddCondition(text + ")");
        return;
      }
      if (filter.labelsConstraint == LabelsConstraint::Any && labels.size() > 1)
      {
        sql.AddCondition(id + " IN (SELECT Labels.id FROM Labels WHERE Labels.label = ANY(" +
                         sql.Bind(labels) + "))");
        return;
      }
      for (const std::string& label : labels)
      {
        const std::string alias = sql.CreateAlias();
        std::string join = "JOIN Labels AS " + alias + " ON " + alias + ".id = " + id;
        join += " AND " + alias + ".label = " + sql.Bind(label);
        sql.AddJoin(join);
      }
    }

    std::string CompileKey(SqlBuilder& sql, const IFindDialect& dialect, const Ordering& key)
    {
      if (!key.isMetadata && key.tagLevel > sql.GetLevel())
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "Resources cannot be ordered by a level below");
      }
      const ValueRow row = key.isMetadata
                               ? JoinMetadata(sql, GetAlias(sql.GetLevel()), key.metadata)
                               : JoinTag(sql, sql.UseAncestor(key.tagLevel), key.isIdentifier, key.tag);
      sql.AddJoin("LEFT JOIN " + row.source);
      switch (key.cast)
      {
      case Ordering::Cast::Integer:
        return "SharedInteger(" + row.alias + ".value)";
      case Ordering::Cast::Real:
        return "SharedReal(" + row.alias + ".value)";
      case Ordering::Cast::String:
        break;
      }
      return row.alias + ".value" + std::string(dialect.GetBytewiseCollation());
    }
  }

  void CompileFilter(SqlBuilder& sql, const IFindDialect& dialect, const FindFilter& filter)
  {
    for (size_t level = 0; level < filter.orthancIds.size(); level++)
    {
      if (!filter.orthancIds[level].empty())
      {
        CompileOrthancId(sql, static_cast<ResourceLevel>(level), filter.orthancIds[level]);
      }
    }
    CompileTags(sql, dialect, filter.tags);
    for (const MetadataConstraint& constraint : filter.metadata)
    {
      CompileMetadata(sql, dialect, constraint);
    }
    CompileLabels(sql, filter);
  }

  void CompileOrdering(SqlBuilder& sql, const IFindDialect& dialect, const std::vector<Ordering>& ordering)
  {
    for (const Ordering& key : ordering)
    {
      const std::string column = CompileKey(sql, dialect, key);
      sql.AddOrder(column + (key.descending ? " DESC NULLS LAST" : " ASC NULLS LAST"));
    }
    std::string last(GetAlias(sql.GetLevel()));
    last += ".publicId";
    last += dialect.GetBytewiseCollation();
    sql.AddOrder(last);
  }
}
