// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteStatementCache.h"

namespace OrthancRegistry::SQLite
{
  StatementCache::StatementCache(Connection& connection) : connection_(connection)
  {
  }

  Statement& StatementCache::Get(std::string_view sql, SingleValues singles, bool& isNew)
  {
    const auto found = index_.find({sql, singles});
    isNew = found == index_.end();
    if (!isNew)
    {
      entries_.splice(entries_.begin(), entries_, found->second);
      return entries_.front().statement;
    }
    entries_.push_front(Entry{std::string(sql), singles, Statement(connection_, sql, singles)});
    index_.emplace(Key{entries_.front().sql, singles}, entries_.begin());
    if (entries_.size() > MAXIMUM_STATEMENTS)
    {
      index_.erase({entries_.back().sql, entries_.back().singles});
      entries_.pop_back();
    }
    return entries_.front().statement;
  }
}
