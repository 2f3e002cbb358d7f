// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/SavedJobs.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    // The core names the parameters of a peer so, wherever they stand in a job.
    constexpr const char* PEER = "Peer";

    bool HoldsPeer(const Json::Value& value)
    {
      if (value.isObject() && value.isMember(PEER))
      {
        return true;
      }
      return (value.isObject() || value.isArray()) && std::any_of(value.begin(), value.end(), HoldsPeer);
    }
  }

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

  std::string RedactSavedRegistry(const std::string& registry)
  {
    Json::Value json;
    if (!TryParseJson(json, registry) || !json.isObject() || !json["Jobs"].isObject())
    {
      LogWarning("The jobs that the core wants to save cannot be read, none is saved");
      json = Json::objectValue;
      json["Type"] = "JobsRegistry";
      json["Jobs"] = Json::objectValue;
      return WriteJson(json);
    }
    bool isRedacted = false;
    for (const std::string& id : json["Jobs"].getMemberNames())
    {
      if (HoldsPeer(json["Jobs"][id]))
      {
        json["Jobs"].removeMember(id);
        isRedacted = true;
      }
    }
    return isRedacted ? WriteJson(json) : registry;
  }
}
