// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace OrthancRegistry
{
  // The names of the prepared statements of one connection, the least recently used ones dropped first. A
  // name is never used twice, not even by another process: a statement that should not exist any more does no
  // harm, and a pooler that mixes up sessions causes errors, never the execution of another statement.
  class PostgreSQLStatementCache
  {
  public:
    static constexpr size_t DEFAULT_CAPACITY = 200;

    explicit PostgreSQLStatementCache(size_t capacity = DEFAULT_CAPACITY);

    // The name of a statement, or an empty text. Makes it the most recently used one.
    std::string Find(std::string_view sql, std::string_view signature);

    // A new name; the statement must be prepared under it. May evict another one.
    std::string Insert(std::string_view sql, std::string_view signature);

    // It turned out not to exist on the server.
    void Forget(const std::string& name);

    // Names dropped since the last call, to be closed on the server
    std::vector<std::string> TakeEvicted();

    // The server has not closed it after all.
    void AddEvicted(const std::string& name)
    {
      evicted_.push_back(name);
    }

    size_t GetSize() const
    {
      return entries_.size();
    }

  private:
    struct Entry
    {
      std::string key;
      std::string name;
    };

    static std::string GetKey(std::string_view sql, std::string_view signature);

    size_t capacity_;
    std::string prefix_;
    uint64_t counter_ = 0;
    std::list<Entry> entries_; // most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> byKey_;
    std::vector<std::string> evicted_;
  };
}
