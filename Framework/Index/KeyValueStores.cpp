// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/KeyValueStores.h"

#include <limits>

namespace OrthancRegistry::KeyValueStores
{
  void Store(IndexTransaction& t, const std::string& store, const std::string& key, const std::string& value)
  {
    t.transaction.Execute("INSERT INTO KeyValueStores (storeId, key, value) VALUES ($1, $2, $3) "
                          "ON CONFLICT (storeId, key) DO UPDATE SET value = EXCLUDED.value",
                          store, key, Binary{value});
  }

  std::optional<std::string> Get(IndexTransaction& t, const std::string& store, const std::string& key)
  {
    auto row = t.transaction.QueryOptional<Binary>(
        "SELECT value FROM KeyValueStores WHERE storeId = $1 AND key = $2", store, key);
    return row ? std::make_optional(std::move(std::get<0>(*row).bytes)) : std::nullopt;
  }

  void Delete(IndexTransaction& t, const std::string& store, const std::string& key)
  {
    t.transaction.Execute("DELETE FROM KeyValueStores WHERE storeId = $1 AND key = $2", store, key);
  }

  std::vector<KeyValue> List(IndexTransaction& t, const std::string& store,
                             const std::optional<std::string>& from, uint64_t limit)
  {
    constexpr auto ALL = std::numeric_limits<int64_t>::max();
    const int64_t count = limit == 0 || std::cmp_greater(limit, ALL) ? ALL : static_cast<int64_t>(limit);

    std::vector<KeyValue> values;
    t.transaction.QueryEach<std::string, Binary>(
        t.dialect.GetKeyValuesQuery(),
        [&values](std::string key, Binary value)
        {
          values.push_back({std::move(key), std::move(value.bytes)});
        },
        store, from.value_or(""), from.has_value(), count);
    return values;
  }
}
