// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteStatementCache.h"

namespace OrthancRegistry::SQLite
{
  StatementCache::StatementCache(Connection& connection) : connection_(connection)
  {
  }

  Statement& StatementCache::Get(std::string_view sql, bool& isNew)
  {
    const auto found = index_.find(sql);
    isNew = found == index_.end();
    if (!isNew)
    {
      entries_.splice(entries_.begin(), entries_, found->second);
      return entries_.front().statement;
    }
    entries_.push_front(Entry{std::string(sql), Statement(connection_, sql)});
    index_.emplace(entries_.front().sql, entries_.begin());
    if (entries_.size() > MAXIMUM_STATEMENTS)
    {
      index_.erase(entries_.back().sql);
      entries_.pop_back();
    }
    return entries_.front().statement;
  }
}
