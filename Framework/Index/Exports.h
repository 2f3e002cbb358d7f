// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry::Exports
{
  struct Page
  {
    std::vector<ExportedResource> resources; // ascending by seq
    bool done = true;
  };

  void Log(IndexTransaction& t, const ExportedResource& resource); // LOG_EXPORTED_RESOURCE ("seq" is ignored)
  Page Get(IndexTransaction& t, int64_t since, uint32_t limit);    // GET_EXPORTED_RESOURCES
  std::optional<ExportedResource> GetLast(IndexTransaction& t);    // GET_LAST_EXPORTED_RESOURCE
  void Clear(IndexTransaction& t);                                 // CLEAR_EXPORTED_RESOURCES
}
