// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobsCatalog.h"

#include "Framework/Common/Json.h"
#include "Framework/Jobs/JobValidationTags.h"
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

  JobsCatalog::JobsCatalog(const Json::Value& dictionary)
  {
    constexpr Json::ArrayIndex NAME = 1; // of [VR, name, minimum, maximum, private creator]
    if (!dictionary.isObject())
    {
      return;
    }
    for (const std::string& key : dictionary.getMemberNames())
    {
      const Json::Value& entry = dictionary[key];
      if (entry.isArray() && entry.isValidIndex(NAME) && entry[NAME].isString())
      {
        configuredTags_[entry[NAME].asString()] = JobTags::Parse(*this, key);
      }
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
    const auto configured = configuredTags_.find(name);
    if (configured != configuredTags_.end())
    {
      return configured->second;
    }
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
