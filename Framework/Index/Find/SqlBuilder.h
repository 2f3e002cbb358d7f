// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"
#include "Framework/Index/IndexTypes.h"

#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace OrthancRegistry
{
  // The alias of the rows of Resources of one level in the statements of this folder: "patient", ...
  std::string_view GetAlias(ResourceLevel level);

  // Its internal and its public id
  std::string GetIdColumns(ResourceLevel level);

  constexpr ResourceLevel GetParentLevel(ResourceLevel level)
  {
    return static_cast<ResourceLevel>(static_cast<int>(level) - 1);
  }

  constexpr ResourceLevel GetChildLevel(ResourceLevel level)
  {
    return static_cast<ResourceLevel>(static_cast<int>(level) + 1);
  }

  // "FROM Resources AS <child of level> JOIN ...", down to "target". The link to the upper level is up to the
  // caller: a condition on the column that GetDescendantRoot() names.
  std::string GetDescendantTables(ResourceLevel level, ResourceLevel target);
  std::string GetDescendantRoot(ResourceLevel level);

  // Puts together a SELECT on the resources of one level from fragments that are constants of this folder.
  // Values never become part of the text: they are bound. Not thread-safe.
  class SqlBuilder
  {
  public:
    explicit SqlBuilder(ResourceLevel level) : level_(level), highest_(level)
    {
    }

    ResourceLevel GetLevel() const
    {
      return level_;
    }

    // Owns the value until the builder is destroyed; answers the text of the parameter ("$1", ...).
    std::string Bind(int64_t value);
    std::string Bind(const std::string& value);
    std::string Bind(const std::vector<std::string>& values);

    // Joins the resources of that level; answers their alias. The level must not be below the own one.
    std::string_view UseAncestor(ResourceLevel level);

    // An alias that no other table of the statement has
    std::string CreateAlias();

    void AddJoin(std::string_view join);
    void AddCondition(std::string_view condition);
    void AddOrder(std::string_view order);

    // Neither joins nor conditions so far: all resources of the level
    bool IsPlain() const
    {
      return highest_ == level_ && joins_.empty() && conditions_.empty();
    }

    std::string BuildSelect(std::string_view columns) const;
    std::vector<Parameter> GetParameters() const;

    // Bytes of all values
    size_t GetSize() const
    {
      return size_;
    }

  private:
    using Value = std::variant<int64_t, std::string, std::vector<std::string>>;

    std::string BindValue(Value value);

    ResourceLevel level_;
    ResourceLevel highest_;
    std::deque<Value> values_;
    std::string joins_;
    std::string conditions_;
    std::string orders_;
    unsigned int aliases_ = 0;
    size_t size_ = 0;
  };
}
