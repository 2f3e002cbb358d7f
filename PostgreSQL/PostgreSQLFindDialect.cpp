// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLIndexDialect.h"

namespace OrthancRegistry
{
  std::string_view PostgreSQLIndexDialect::GetBytewiseCollation() const
  {
    return " COLLATE \"C\"";
  }

  std::string_view PostgreSQLIndexDialect::GetWildcardOperator() const
  {
    return " LIKE ";
  }

  std::string PostgreSQLIndexDialect::TranslateWildcard(std::string_view wildcard) const
  {
    std::string pattern;
    for (const char character : wildcard)
    {
      switch (character)
      {
      case '*':
        pattern += '%';
        break;
      case '?':
        pattern += '_';
        break;
      case '%':
      case '_':
      case '\\':
        pattern += '\\';
        [[fallthrough]];
      default:
        pattern += character;
      }
    }
    return pattern;
  }
}
