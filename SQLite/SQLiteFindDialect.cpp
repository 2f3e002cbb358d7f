// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteFindDialect.h"

namespace OrthancRegistry
{
  std::string_view SQLiteFindDialect::GetBytewiseCollation() const
  {
    return ""; // the order of SQLite unless told otherwise
  }

  std::string_view SQLiteFindDialect::GetWildcardOperator() const
  {
    return " GLOB "; // unlike LIKE, it tells upper from lower case
  }

  std::string SQLiteFindDialect::TranslateWildcard(std::string_view wildcard) const
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

  std::optional<std::string> SQLiteFindDialect::SelectPageOfAll(const SqlBuilder& /*sql*/,
                                                                const PageLimits& /*limits*/) const
  {
    return std::nullopt;
  }

  std::optional<std::string> SQLiteFindDialect::SelectPageByIdentifier(SqlBuilder& /*sql*/,
                                                                       const Ordering& /*key*/,
                                                                       const PageLimits& /*limits*/) const
  {
    return std::nullopt;
  }

  void SQLiteFindDialect::ReusePlans(Transaction& /*transaction*/) const
  {
  }
}
