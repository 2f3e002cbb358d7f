// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLParameters.h"

#include "Framework/Common/Errors.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_IDENTIFIER_LENGTH = 63;

    bool IsFirstCharacter(char c)
    {
      return (c >= 'a' && c <= 'z') || c == '_';
    }

    bool IsNextCharacter(char c)
    {
      return IsFirstCharacter(c) || (c >= '0' && c <= '9');
    }
  }

  PostgreSQLParameters PostgreSQLParameters::FromUri(const std::string& uri)
  {
    // The message of libpq quotes the text, and thereby the password: it is thrown away.
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(uri.c_str(), &message), PQconninfoFree);
    PQfreemem(message);
    if (options == nullptr)
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "The connection URI of PostgreSQL is malformed: it must have the form "
                          "postgresql://user:password@host:port/database, with %-escapes");
    }

    PostgreSQLParameters parameters;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; option++)
    {
      if (option->val != nullptr)
      {
        parameters.keywords.emplace_back(option->keyword, option->val);
      }
    }
    return parameters;
  }

  const std::string* PostgreSQLParameters::Find(std::string_view keyword) const
  {
    const auto found = std::find_if(keywords.begin(), keywords.end(),
                                    [&](const auto& candidate)
                                    {
                                      return candidate.first == keyword;
                                    });
    return found == keywords.end() ? nullptr : &found->second;
  }

  void PostgreSQLParameters::Add(const char* keyword, const std::string& value)
  {
    if (!value.empty())
    {
      keywords.emplace_back(keyword, value);
    }
  }

  std::vector<std::string> SplitList(const std::string& list)
  {
    std::vector<std::string> items;
    for (size_t begin = 0; begin <= list.size();)
    {
      const size_t end = std::min(list.find(',', begin), list.size());
      items.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
    return items;
  }

  bool IsSchemaName(const std::string& schema)
  {
    return !schema.empty() && schema.size() <= MAXIMUM_IDENTIFIER_LENGTH &&
           IsFirstCharacter(schema.front()) && std::all_of(schema.begin(), schema.end(), IsNextCharacter);
  }

  void CheckSchemaName(const std::string& schema)
  {
    if (!IsSchemaName(schema))
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "The name of the schema must consist of at most 63 lower case letters, digits and "
                          "underscores, and not start with a digit");
    }
  }
}
