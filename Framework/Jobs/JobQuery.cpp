// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobQuery.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_VALUES = 16;       // of one argument
    constexpr size_t MAXIMUM_COMBINATIONS = 64; // of the values of all of them
    constexpr size_t MAXIMUM_VALUE_SIZE = 1000;

    constexpr std::array<JobState, 6> STATES = {JobState::Pending, JobState::Running, JobState::Success,
                                                JobState::Failure, JobState::Paused,  JobState::Retry};
    constexpr std::array<JobOrigin, 2> ORIGINS = {JobOrigin::Queued, JobOrigin::Local};

    constexpr std::array<std::string_view, 7> FILTER_NAMES = {"state",       "type",  "replica", "origin",
                                                              "destination", "since", "until"};

    [[noreturn]] void Refuse(const std::string& message)
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange, message);
    }

    std::string ListFilterNames()
    {
      std::string list;
      for (const std::string_view name : FILTER_NAMES)
      {
        list.append(list.empty() ? "" : ", ").append(name);
      }
      return list;
    }

    // The text of a client as part of a message
    std::string Quote(const std::string& text)
    {
      constexpr size_t MAXIMUM_QUOTED = 100;
      return "\"" + ToStorableText(text.substr(0, MAXIMUM_QUOTED)) + "\"";
    }

    template <typename Values>
    auto ParseNames(const std::string& argument, const std::vector<std::string>& names, const Values& values)
    {
      std::vector<typename Values::value_type> parsed;
      for (const std::string& name : names)
      {
        const auto found = std::find_if(values.begin(), values.end(),
                                        [&](const auto value)
                                        {
                                          return name == GetName(value);
                                        });
        if (found == values.end())
        {
          std::string message = "Unknown " + argument + ": " + Quote(name) + ", the valid ones are";
          for (const auto value : values)
          {
            message += std::string(value == values.front() ? " " : ", ") + GetName(value);
          }
          Refuse(message);
        }
        if (std::find(parsed.begin(), parsed.end(), *found) == parsed.end())
        {
          parsed.push_back(*found);
        }
      }
      return parsed;
    }

    std::vector<std::string> ParseTexts(const std::string& argument, const std::vector<std::string>& values)
    {
      std::vector<std::string> parsed;
      for (const std::string& value : values)
      {
        if (value.empty() || value.size() > MAXIMUM_VALUE_SIZE || !IsStorableText(value))
        {
          Refuse("The argument \"" + argument + "\" must hold between 1 and " +
                 std::to_string(MAXIMUM_VALUE_SIZE) + " characters in UTF-8");
        }
        if (std::find(parsed.begin(), parsed.end(), value) == parsed.end())
        {
          parsed.push_back(value);
        }
      }
      return parsed;
    }

    Timestamp ParseMoment(const std::string& argument, const std::vector<std::string>& values)
    {
      std::string text = values.size() == 1 ? values.front() : "";
      std::replace(text.begin(), text.end(), ' ', '+'); // what a plus becomes in a URL
      const auto moment = ParseTimestamp(text);
      if (!moment)
      {
        Refuse("The argument \"" + argument + "\" must be one moment: YYYYMMDDTHHMMSS[.ffffff] in UTC, or " +
               "YYYY-MM-DDTHH:MM:SS[.ffffff] with Z, an offset like +01:00, or nothing for UTC");
      }
      return *moment;
    }

    std::vector<std::string> SplitAtCommas(const std::string& text)
    {
      std::vector<std::string> values;
      for (size_t begin = 0;;)
      {
        const size_t end = text.find(',', begin);
        values.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
        if (end == std::string::npos || values.size() > MAXIMUM_VALUES)
        {
          return values;
        }
        begin = end + 1;
      }
    }

    void CheckCombinations(const JobFilter& filter)
    {
      size_t combinations = 1;
      for (const size_t count : {filter.states.size(), filter.origins.size(), filter.types.size(),
                                 filter.replicas.size(), filter.destinations.size()})
      {
        combinations *= std::max<size_t>(count, 1);
        if (combinations > MAXIMUM_COMBINATIONS)
        {
          Refuse("Too many values: there may be " + std::to_string(MAXIMUM_COMBINATIONS) +
                 " combinations of them");
        }
      }
    }

    size_t ParseLimit(const std::string& text)
    {
      size_t limit = 0;
      const char* const end = text.data() + text.size();
      const auto result = std::from_chars(text.data(), end, limit);
      if (result.ec != std::errc() || result.ptr != end || limit < 1 || limit > JobQuery::MAXIMUM_LIMIT)
      {
        Refuse("The argument \"limit\" must be a number from 1 to " +
               std::to_string(JobQuery::MAXIMUM_LIMIT));
      }
      return limit;
    }

    JobOrder ParseOrder(const std::string& text)
    {
      if (text != "asc" && text != "desc")
      {
        Refuse("Unknown order: " + Quote(text) + ", the valid ones are asc, desc");
      }
      return text == "asc" ? JobOrder::Created : JobOrder::CreatedDescending;
    }
  }

  JobFilter ParseJobFilter(const JobArguments& arguments)
  {
    JobFilter filter;
    for (const auto& [name, values] : arguments)
    {
      if (values.empty() || values.size() > MAXIMUM_VALUES)
      {
        Refuse("The argument \"" + ToStorableText(name) + "\" must have between 1 and " +
               std::to_string(MAXIMUM_VALUES) + " values");
      }
      if (name == "state")
      {
        filter.states = ParseNames(name, values, STATES);
      }
      else if (name == "origin")
      {
        filter.origins = ParseNames(name, values, ORIGINS);
      }
      else if (name == "type")
      {
        filter.types = ParseTexts(name, values);
      }
      else if (name == "replica")
      {
        filter.replicas = ParseTexts(name, values);
      }
      else if (name == "destination")
      {
        filter.destinations = ParseTexts(name, values);
      }
      else if (name == "since")
      {
        filter.since = ParseMoment(name, values);
      }
      else if (name == "until")
      {
        filter.until = ParseMoment(name, values);
      }
      else
      {
        Refuse("Unknown argument: " + Quote(name) + ", the valid ones are " + ListFilterNames());
      }
    }
    CheckCombinations(filter);
    return filter;
  }

  JobQuery ParseJobQuery(const std::map<std::string, std::string>& arguments)
  {
    JobQuery query;
    JobArguments filter;
    for (const auto& [name, value] : arguments)
    {
      if (name == "expand" || name.starts_with('_'))
      {
        continue;
      }
      if (query.order == JobOrder::Id)
      {
        query.order = JobOrder::Created;
      }
      if (name == "limit")
      {
        query.limit = ParseLimit(value);
      }
      else if (name == "order")
      {
        query.order = ParseOrder(value);
      }
      else if (name == "page")
      {
        query.after = ParsePageToken(value);
      }
      else if (std::find(FILTER_NAMES.begin(), FILTER_NAMES.end(), name) != FILTER_NAMES.end())
      {
        // A moment has no commas, and one is not split so that the message is about the whole
        filter[name] = name == "since" || name == "until" ? std::vector{value} : SplitAtCommas(value);
      }
      else
      {
        Refuse("Unknown argument: " + Quote(name) + ", the valid ones are expand, limit, order, page, " +
               ListFilterNames());
      }
    }
    query.filter = ParseJobFilter(filter);
    return query;
  }

  std::string FormatPageToken(const JobPosition& position)
  {
    char buffer[33];
    std::snprintf(buffer, sizeof(buffer), "%016llx%016llx", static_cast<unsigned long long>(position.created),
                  static_cast<unsigned long long>(position.sequence));
    return buffer;
  }

  JobPosition ParsePageToken(const std::string& token)
  {
    constexpr size_t PART = 16; // digits
    std::array<uint64_t, 2> parts = {};
    bool isValid =
        token.size() == 2 * PART && token.find_first_not_of("0123456789abcdef") == std::string::npos;
    for (size_t i = 0; isValid && i < parts.size(); i++)
    {
      const char* const begin = token.data() + i * PART;
      std::from_chars(begin, begin + PART, parts[i], 16);
    }
    if (!isValid)
    {
      Refuse("The argument \"page\" is not what an answer of this route has given");
    }
    return {static_cast<Timestamp>(parts[0]), static_cast<int64_t>(parts[1]), ""};
  }
}
