// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteIndexDialect.h"

namespace OrthancRegistry
{
  std::string_view SQLiteIndexDialect::GetBytewiseCollation() const
  {
    return ""; // the order of SQLite unless told otherwise
  }

  std::string_view SQLiteIndexDialect::GetWildcardOperator() const
  {
    return " GLOB "; // unlike LIKE, it tells upper from lower case
  }

  std::string SQLiteIndexDialect::TranslateWildcard(std::string_view wildcard) const
  {
    std::string pattern;
    for (const char character : wildcard)
    {
      if (character == '[')
      {
        pattern += "[[]";
      }
      else
      {
        pattern += character;
      }
    }
    return pattern;
  }
}
