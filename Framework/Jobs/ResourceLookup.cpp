// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ResourceLookup.h"

#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobBody.h"

#include <algorithm>
#include <iterator>

namespace OrthancRegistry
{
  ResourceLookup::ResourceLookup(IDatabase& database) : database_(database)
  {
  }

  std::map<std::string, IndexedResource> ResourceLookup::Find(const std::vector<std::string>& publicIds)
  {
    // A client chose these texts: anything else than an identifier cannot exist
    std::vector<std::string> wellFormed;
    std::copy_if(publicIds.begin(), publicIds.end(), std::back_inserter(wellFormed), IsPublicId);
    if (wellFormed.empty())
    {
      return {};
    }

    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::map<std::string, IndexedResource> found;
          transaction.QueryEach<std::string, ResourceLevel, std::optional<std::string>>(
              "SELECT child.publicId, child.resourceType, parent.publicId FROM Resources AS child "
              "LEFT JOIN Resources AS parent ON parent.internalId = child.parentId "
              "WHERE child.publicId = ANY($1)",
              [&](const std::string& id, ResourceLevel level, const std::optional<std::string>& parent)
              {
                found[id] = IndexedResource{level, parent.value_or("")};
              },
              wellFormed);
          return found;
        });
  }
}
