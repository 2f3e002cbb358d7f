// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/HttpRange.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::string_view UNIT = "bytes=";

    std::string_view Strip(std::string_view text)
    {
      const size_t first = std::min(text.find_first_not_of(" \t"), text.size());
      text.remove_prefix(first);
      return text.substr(0, text.find_last_not_of(" \t") + 1);
    }

    bool HasUnit(std::string_view header)
    {
      return header.size() > UNIT.size() &&
             std::equal(UNIT.begin(), UNIT.end(), header.begin(),
                        [](char a, char b)
                        {
                          return a == std::tolower(static_cast<unsigned char>(b));
                        });
    }

    // Digits only; numbers beyond 64 bits are beyond the end of everything
    std::optional<uint64_t> ParseNumber(std::string_view text)
    {
      if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
      {
        return std::nullopt;
      }
      uint64_t number = UINT64_MAX;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return number;
    }
  }

  HttpRange ParseRange(std::string_view header, uint64_t size)
  {
    const std::string_view stripped = Strip(header);
    if (!HasUnit(stripped))
    {
      return {};
    }
    const std::string_view range = Strip(stripped.substr(UNIT.size()));
    const size_t dash = range.find('-');
    if (dash == std::string_view::npos)
    {
      return {};
    }
    const std::string_view from = range.substr(0, dash);
    const std::string_view to = range.substr(dash + 1);
    const auto first = ParseNumber(from);
    const auto last = ParseNumber(to);
    if ((!first && !from.empty()) || (!last && !to.empty()) || (!first && !last) ||
        (first && last && *first > *last))
    {
      return {};
    }
    if (!first) // the last bytes
    {
      return *last == 0 || size == 0
                 ? HttpRange{HttpRange::Kind::Unsatisfiable, 0, 0}
                 : HttpRange{HttpRange::Kind::Part, size - std::min(size, *last), size - 1};
    }
    if (*first >= size)
    {
      return {HttpRange::Kind::Unsatisfiable, 0, 0};
    }
    return {HttpRange::Kind::Part, *first, std::min(last.value_or(size - 1), size - 1)};
  }
}
