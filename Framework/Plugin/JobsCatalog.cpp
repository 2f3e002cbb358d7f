// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobsCatalog.h"

#include "Framework/Common/Json.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/PluginContext.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int GROUP_BITS = 16;

    // Asking for the whole list, because the core logs an error whenever a name is unknown
    bool IsListed(const std::string& uri, const std::string& name)
    {
      const Json::Value names = ParseJson(CallCore(HttpMethod::Get, uri).body);
      return std::find(names.begin(), names.end(), Json::Value(name)) != names.end();
    }
  }

  bool JobsCatalog::HasModality(const std::string& name)
  {
    return IsListed("/modalities", name);
  }

  bool JobsCatalog::HasPeer(const std::string& name)
  {
    return IsListed("/peers", name);
  }

  std::optional<uint32_t> JobsCatalog::Find(const std::string& name)
  {
    OrthancPluginDictionaryEntry entry{};
    try
    {
      if (OrthancPluginLookupDictionary(PluginContext::Get(), &entry, name.c_str()) !=
          OrthancPluginErrorCode_Success)
      {
        return std::nullopt;
      }
    }
    catch (...) // exceptions of the core can travel through the C interface
    {
      return std::nullopt;
    }
    return (static_cast<uint32_t>(entry.group) << GROUP_BITS) | entry.element;
  }
}
