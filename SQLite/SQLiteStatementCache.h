// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "SQLite/SQLiteStatement.h"

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace OrthancRegistry::SQLite
{
  // The prepared statements of one connection by their text and by which lists have one value; the one unused
  // for longest makes room.
  class StatementCache
  {
  public:
    static constexpr size_t MAXIMUM_STATEMENTS = 200;

    explicit StatementCache(Connection& connection);

    // "isNew" tells whether it had to be prepared. Valid until the next call.
    Statement& Get(std::string_view sql, SingleValues singles, bool& isNew);

  private:
    struct Key
    {
      std::string_view sql;
      SingleValues singles;

      bool operator==(const Key&) const = default;
    };

    struct Hash
    {
      size_t operator()(const Key& key) const
      {
        return std::hash<std::string_view>()(key.sql) ^ std::hash<SingleValues>()(key.singles);
      }
    };

    struct Entry
    {
      std::string sql;
      SingleValues singles;
      Statement statement;
    };

    Connection& connection_;
    std::list<Entry> entries_;                                        // the last used first
    std::unordered_map<Key, std::list<Entry>::iterator, Hash> index_; // keys point into the entries
  };
}
