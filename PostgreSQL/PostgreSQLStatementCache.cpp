// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLStatementCache.h"

#include "Framework/Common/Uuid.h"

#include <algorithm>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    // A word, for DEALLOCATE
    std::string MakePrefix()
    {
      std::string uuid = GenerateUuid();
      std::erase(uuid, '-');
      return "registry_" + uuid + "_";
    }
  }

  PostgreSQLStatementCache::PostgreSQLStatementCache(size_t capacity)
      : capacity_(capacity), prefix_(MakePrefix())
  {
  }

  std::string PostgreSQLStatementCache::GetKey(std::string_view sql, std::string_view signature)
  {
    std::string key(signature);
    key.push_back(':');
    key.append(sql);
    return key;
  }

  std::string PostgreSQLStatementCache::Find(std::string_view sql, std::string_view signature)
  {
    const auto found = byKey_.find(GetKey(sql, signature));
    if (found == byKey_.end())
    {
      return {};
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->name;
  }

  std::string PostgreSQLStatementCache::Insert(std::string_view sql, std::string_view signature)
  {
    if (entries_.size() >= capacity_)
    {
      evicted_.push_back(entries_.back().name);
      byKey_.erase(entries_.back().key);
      entries_.pop_back();
    }
    counter_++;
    entries_.push_front({GetKey(sql, signature), prefix_ + std::to_string(counter_)});
    byKey_[entries_.front().key] = entries_.begin();
    return entries_.front().name;
  }

  void PostgreSQLStatementCache::Forget(const std::string& name)
  {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry)
                                    {
                                      return entry.name == name;
                                    });
    if (found != entries_.end())
    {
      byKey_.erase(found->key);
      entries_.erase(found);
    }
  }

  std::vector<std::string> PostgreSQLStatementCache::TakeEvicted()
  {
    return std::exchange(evicted_, {});
  }
}
