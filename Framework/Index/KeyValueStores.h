// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry::KeyValueStores
{
  struct KeyValue
  {
    std::string key;
    std::string value; // bytes
  };

  void Store(IndexTransaction& t, const std::string& store, const std::string& key, const std::string& value);
  std::optional<std::string> Get(IndexTransaction& t, const std::string& store, const std::string& key);
  void Delete(IndexTransaction& t, const std::string& store, const std::string& key);

  // Keys strictly above "from" (or all), in the order of their bytes whatever the collation; limit 0 = all.
  std::vector<KeyValue> List(IndexTransaction& t, const std::string& store,
                             const std::optional<std::string>& from, uint64_t limit);
}
