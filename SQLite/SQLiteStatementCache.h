// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "SQLite/SQLiteStatement.h"

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace OrthancRegistry::SQLite
{
  // The prepared statements of one connection by their text; the one unused for longest makes room.
  class StatementCache
  {
  public:
    static constexpr size_t MAXIMUM_STATEMENTS = 200;

    explicit StatementCache(Connection& connection);

    // "isNew" tells whether it had to be prepared. Valid until the next call.
    Statement& Get(std::string_view sql, bool& isNew);

  private:
    struct Entry
    {
      std::string sql;
      Statement statement;
    };

    Connection& connection_;
    std::list<Entry> entries_;                                               // the last used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> index_; // keys point into the entries
  };
}
