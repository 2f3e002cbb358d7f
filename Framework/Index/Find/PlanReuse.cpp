// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/PlanReuse.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int LONGEST_PERIOD = 1; // years from the one of the first day to the one of the last

    bool IsSingleValue(const TagConstraint& constraint)
    {
      return constraint.values.size() == 1;
    }

    // The year of a date of DICOM: YYYYMMDD
    std::optional<int> ReadYear(const std::string& date)
    {
      constexpr size_t DATE_LENGTH = 8;
      constexpr size_t YEAR_LENGTH = 4;
      const bool isDate = date.size() == DATE_LENGTH && std::all_of(date.begin(), date.end(),
                                                                    [](char c)
                                                                    {
                                                                      return c >= '0' && c <= '9';
                                                                    });
      if (!isDate)
      {
        return std::nullopt;
      }
      int year = 0;
      std::from_chars(date.data(), date.data() + YEAR_LENGTH, year);
      return year;
    }

    bool IsShort(const std::string& first, const std::string& last)
    {
      const std::optional<int> begin = ReadYear(first);
      const std::optional<int> end = ReadYear(last);
      return begin && end && *end - *begin <= LONGEST_PERIOD;
    }

    // Of what an index finds
    bool IsBound(const TagConstraint& constraint, ConstraintType type)
    {
      return constraint.type == type && constraint.isIdentifier && constraint.isMandatory &&
             constraint.isCaseSensitive && IsSingleValue(constraint);
    }

    bool IsSameTag(const TagConstraint& a, const TagConstraint& b)
    {
      return a.level == b.level && a.tag.group == b.tag.group && a.tag.element == b.tag.element;
    }

    bool IsPeriod(const TagConstraint& first, const TagConstraint& last)
    {
      return IsBound(first, ConstraintType::GreaterOrEqual) &&
             IsBound(last, ConstraintType::SmallerOrEqual) && IsSameTag(first, last) &&
             IsShort(first.values.front(), last.values.front());
    }

    bool IsEquality(ConstraintType type)
    {
      return type == ConstraintType::Equal || type == ConstraintType::List;
    }
  }

  bool IsPlanReusable(const FindFilter& filter)
  {
    const auto& tags = filter.tags;
    bool hasPeriod = false;
    for (const TagConstraint& constraint : tags)
    {
      const bool isInPeriod = std::any_of(tags.begin(), tags.end(),
                                          [&](const TagConstraint& other)
                                          {
                                            return IsPeriod(constraint, other) || IsPeriod(other, constraint);
                                          });
      if (!isInPeriod && !IsEquality(constraint.type))
      {
        return false;
      }
      hasPeriod = hasPeriod || (isInPeriod && constraint.level <= filter.level);
    }
    return hasPeriod && std::all_of(filter.metadata.begin(), filter.metadata.end(),
                                    [](const MetadataConstraint& constraint)
                                    {
                                      return IsEquality(constraint.type);
                                    });
  }
}
