// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/SavedJobs.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"

namespace OrthancRegistry
{
  std::string FilterSavedRegistry(const std::string& registry, RunStore& runs)
  {
    Json::Value json;
    if (!TryParseJson(json, registry) || !json.isObject() || !json["Jobs"].isObject())
    {
      LogWarning("The saved jobs of this server cannot be read, and are left to the core as they are");
      return registry;
    }
    const Json::Value saved = json["Jobs"];
    json["Jobs"] = Json::objectValue;
    if (!saved.empty())
    {
      for (const std::string& id : runs.AdoptLocalJobs(saved.getMemberNames()))
      {
        json["Jobs"][id] = saved[id];
      }
    }
    const size_t dropped = saved.size() - json["Jobs"].size();
    if (dropped > 0)
    {
      LogInfo(std::to_string(dropped) + " of " + std::to_string(saved.size()) +
              " saved jobs are not resumed by the core: they have ended, or the shared registry owns them");
    }
    return WriteJson(json);
  }
}
