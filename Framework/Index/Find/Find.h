// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/FindRequest.h"
#include "Framework/Index/Find/FindResponse.h"
#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry
{
  // FIND: the resources in the requested order, each with what was asked for. One round trip where indexes
  // find them; otherwise at most two: the first finds, the second retrieves.
  std::vector<FoundItem> FindResources(IndexTransaction& t, const FindRequest& request);

  // COUNT_RESOURCES: exact
  uint64_t CountResources(IndexTransaction& t, const FindFilter& filter);

  // LOOKUP_RESOURCES (legacy): public ids of the matching resources, with one instance of each if asked;
  // limit 0 = all.
  struct LookupAnswer
  {
    std::vector<std::string> resources;
    std::vector<std::string> instances;
  };

  LookupAnswer LookupResources(IndexTransaction& t, const FindFilter& filter, uint32_t limit,
                               bool retrieveInstances);
}
