// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/SourceChecks.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"

namespace OrthancRegistry::Move::SourceChecks
{
  namespace
  {
    std::string GetText(const Json::Value& object, const char* member)
    {
      return object.isObject() && object[member].isString() ? object[member].asString() : "unknown";
    }
  }

  void CheckResources(const SourceIndex& source)
  {
    constexpr std::pair<const char*, const char*> PROBLEMS[] = {
        {"SELECT EXISTS (SELECT 1 FROM Resources GROUP BY publicId HAVING COUNT(*) > 1)",
         "two resources have the same identifier"},
        {"SELECT EXISTS (SELECT 1 FROM Resources WHERE publicId IS NULL OR resourceType IS NULL "
         "OR resourceType NOT BETWEEN 1 AND 4)",
         "a resource has no identifier or no level"},
        {"SELECT EXISTS (SELECT 1 FROM Resources c LEFT JOIN Resources p ON p.internalId = c.parentId "
         "WHERE CASE WHEN c.resourceType = 1 THEN c.parentId IS NOT NULL "
         "ELSE p.resourceType IS NULL OR p.resourceType <> c.resourceType - 1 END)",
         "a resource is not below one of the next higher level"}};
    for (const auto& [query, problem] : PROBLEMS)
    {
      if (source.QueryInteger(query) != 0)
      {
        throw RegistryError(ErrorCode::Database, "The index to move is damaged: " + std::string(problem) +
                                                     ". Nothing has been moved");
      }
    }
  }

  std::vector<std::string> GetUnfinishedJobs(const SourceIndex& source)
  {
    std::vector<std::string> unfinished;
    SourceStatement statement = source.Prepare("SELECT value FROM GlobalProperties WHERE property = 5");
    Json::Value registry;
    if (!statement.Step() || !TryParseJson(registry, statement.GetText(0)) || !registry.isObject() ||
        !registry["Jobs"].isObject())
    {
      return unfinished;
    }
    const Json::Value& jobs = registry["Jobs"];
    for (const std::string& id : jobs.getMemberNames())
    {
      const std::string state = GetText(jobs[id], "State");
      if (state != "Success" && state != "Failure")
      {
        const std::string type = jobs[id].isObject() ? GetText(jobs[id]["Job"], "Type") : "unknown";
        unfinished.push_back(id + " (" + type + ", " + state + ")");
      }
    }
    return unfinished;
  }

  bool HasServerProperties(const SourceIndex& source)
  {
    return source.QueryInteger("SELECT EXISTS (SELECT 1 FROM GlobalProperties WHERE property >= 20)") != 0;
  }
}
