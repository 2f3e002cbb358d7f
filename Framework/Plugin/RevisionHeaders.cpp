// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/RevisionHeaders.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_SIZE = 2000; // characters of the header
    constexpr std::string_view SPACES = " \t";

    std::string_view Trim(std::string_view text)
    {
      const size_t first = text.find_first_not_of(SPACES);
      return first == std::string_view::npos ? std::string_view()
                                             : text.substr(first, text.find_last_not_of(SPACES) - first + 1);
    }

    [[noreturn]] void Refuse()
    {
      throw RegistryError(ErrorCode::BadRequest,
                          "The header \"If-Match\" must be *, or revisions as they are in \"ETag\": \"7\", "
                          "\"8\"");
    }

    int64_t ParseTag(std::string_view tag)
    {
      constexpr char QUOTE = '"';
      if (tag.size() > 2 && tag.front() == QUOTE && tag.back() == QUOTE)
      {
        tag = tag.substr(1, tag.size() - 2);
      }
      int64_t revision = 0;
      const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), revision);
      if (error != std::errc() || end != tag.data() + tag.size() || revision < 1)
      {
        Refuse();
      }
      return revision;
    }
  }

  std::string FormatEntityTag(int64_t revision)
  {
    return "\"" + std::to_string(revision) + "\"";
  }

  ExpectedRevisions ParseIfMatch(const std::string* header)
  {
    if (header == nullptr)
    {
      return std::nullopt;
    }
    if (header->size() > MAXIMUM_SIZE)
    {
      Refuse();
    }
    std::string_view rest = Trim(*header);
    if (rest == "*")
    {
      return std::nullopt;
    }
    std::vector<int64_t> revisions;
    for (;;)
    {
      const size_t comma = rest.find(',');
      revisions.push_back(ParseTag(Trim(rest.substr(0, comma))));
      if (comma == std::string_view::npos)
      {
        return revisions;
      }
      rest.remove_prefix(comma + 1);
    }
  }

  bool IsEntityTagNamed(const std::string* header, const std::string& tag)
  {
    if (header == nullptr)
    {
      return false;
    }
    for (size_t begin = 0; begin <= header->size();)
    {
      const size_t end = std::min(header->find(',', begin), header->size());
      std::string_view item = std::string_view(*header).substr(begin, end - begin);
      while (!item.empty() && (item.front() == ' ' || item.front() == '\t'))
      {
        item.remove_prefix(1);
      }
      while (!item.empty() && (item.back() == ' ' || item.back() == '\t'))
      {
        item.remove_suffix(1);
      }
      if (item.starts_with("W/"))
      {
        item.remove_prefix(2);
      }
      if (item == tag || item == "*")
      {
        return true;
      }
      begin = end + 1;
    }
    return false;
  }
}
