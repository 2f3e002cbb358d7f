// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/SqlBuilder.h"

#include "Framework/Common/Errors.h"
#include "Framework/Database/BindEach.h"

#include <algorithm>
#include <array>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::array<std::string_view, 4> ALIASES = {"patient", "study", "series", "instance"};

    // Constants and not parameters, so that partial indexes can be used.
    constexpr std::array<std::string_view, 4> LEVEL_CONDITIONS = {
        "patient.resourceType = 0", "study.resourceType = 1", "series.resourceType = 2",
        "instance.resourceType = 3"};

    std::string_view GetLevelCondition(ResourceLevel level)
    {
      return LEVEL_CONDITIONS.at(static_cast<size_t>(level));
    }

    void AppendParentJoin(std::string& text, ResourceLevel level)
    {
      const std::string_view parent = GetAlias(GetParentLevel(level));
      text += " JOIN Resources AS ";
      text += parent;
      text += " ON ";
      text += parent;
      text += ".internalId = ";
      text += GetAlias(level);
      text += ".parentId";
    }

    void AppendChildJoin(std::string& text, ResourceLevel level)
    {
      const std::string_view child = GetAlias(GetChildLevel(level));
      text += " JOIN Resources AS ";
      text += child;
      text += " ON ";
      text += child;
      text += ".parentId = ";
      text += GetAlias(level);
      text += ".internalId";
    }
  }

  std::string_view GetAlias(ResourceLevel level)
  {
    return ALIASES.at(static_cast<size_t>(level));
  }

  std::string GetIdColumns(ResourceLevel level)
  {
    const std::string alias(GetAlias(level));
    return alias + ".internalId, " + alias + ".publicId";
  }

  std::string GetDescendantTables(ResourceLevel level, ResourceLevel target)
  {
    ResourceLevel current = GetChildLevel(level);
    std::string text = "FROM Resources AS ";
    text += GetAlias(current);
    for (; current < target; current = GetChildLevel(current))
    {
      AppendChildJoin(text, current);
    }
    return text;
  }

  std::string GetDescendantRoot(ResourceLevel level)
  {
    return std::string(GetAlias(GetChildLevel(level))) + ".parentId";
  }

  std::string SqlBuilder::BindValue(Value value)
  {
    values_.push_back(std::move(value));
    return "$" + std::to_string(values_.size());
  }

  std::string SqlBuilder::Bind(int64_t value)
  {
    size_ += sizeof(value);
    return BindValue(value);
  }

  std::string SqlBuilder::Bind(const std::string& value)
  {
    size_ += value.size();
    return BindValue(value);
  }

  std::string SqlBuilder::Bind(const std::vector<std::string>& values)
  {
    for (const std::string& value : values)
    {
      size_ += value.size();
    }
    return BindValue(values);
  }

  std::string_view SqlBuilder::UseAncestor(ResourceLevel level)
  {
    if (level > level_)
    {
      throw RegistryError(ErrorCode::InternalError, "Not an ancestor of the level of this request");
    }
    highest_ = std::min(highest_, level);
    return GetAlias(level);
  }

  std::string SqlBuilder::CreateAlias()
  {
    return "t" + std::to_string(aliases_++);
  }

  void SqlBuilder::AddJoin(std::string_view join)
  {
    joins_ += " ";
    joins_ += join;
  }

  void SqlBuilder::AddCondition(std::string_view condition)
  {
    conditions_ += " AND ";
    conditions_ += condition;
  }

  void SqlBuilder::AddOrder(std::string_view order)
  {
    orders_ += orders_.empty() ? " ORDER BY " : ", ";
    orders_ += order;
  }

  std::string SqlBuilder::BuildSelect(std::string_view columns) const
  {
    std::string text = "SELECT ";
    text += columns;
    text += " FROM Resources AS ";
    text += GetAlias(level_);
    for (ResourceLevel level = level_; level > highest_; level = GetParentLevel(level))
    {
      AppendParentJoin(text, level);
    }
    text += joins_;
    text += " WHERE ";
    text += GetLevelCondition(level_);
    text += conditions_;
    text += orders_;
    return text;
  }

  std::vector<Parameter> SqlBuilder::GetParameters() const
  {
    return BindEach(values_);
  }
}
