// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"
#include "Framework/Jobs/JobQuery.h"

#include <deque>
#include <string>
#include <variant>
#include <vector>

namespace OrthancRegistry
{
  // The statement that finds the jobs of a query: id, createdAt and seq, in order. Put together from
  // constants; values are bound. Each combination of the values of the filter is a branch of its own, that
  // reads one index in order, so that a page costs the same wherever it begins and however rare its jobs are.
  // Not thread-safe.
  class JobSelect
  {
  public:
    // Finds one job more than the limit of the query, or some more, so that one can tell whether there is a
    // next page.
    explicit JobSelect(const JobQuery& query);

    const std::string& GetText() const
    {
      return text_;
    }

    // Valid as long as this object
    std::vector<Parameter> GetParameters() const;

  private:
    using Value = std::variant<int64_t, std::string>;
    using Values = std::vector<std::string>; // the texts of bound parameters

    std::string Bind(Value value);

    template <typename List>
    Values BindAll(const List& list)
    {
      Values names;
      for (const auto& value : list)
      {
        names.push_back(Bind(ToValue(value)));
      }
      return names;
    }

    static Value ToValue(const std::string& value)
    {
      return value;
    }

    template <typename Enumeration>
    static Value ToValue(Enumeration value)
    {
      return static_cast<int64_t>(value);
    }

    std::vector<std::string> MakeBranches(const JobFilter& filter);
    std::string MakeRange(const JobQuery& query);
    void SelectById(const JobQuery& query);

    std::deque<Value> values_;
    std::string text_;
  };
}
