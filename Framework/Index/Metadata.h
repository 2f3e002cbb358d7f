// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry::Metadata
{
  void Set(IndexTransaction& t, int64_t id, int type, const std::string& value,
           int64_t revision);                             // SET_METADATA
  void Delete(IndexTransaction& t, int64_t id, int type); // DELETE_METADATA

  // LOOKUP_METADATA. In a writing transaction the row is locked, so that the core's check of the revision and
  // the write that follows are one step even if another replica does the same.
  std::optional<MetadataValue> Lookup(IndexTransaction& t, int64_t id, int type);

  std::vector<MetadataValue> GetAll(IndexTransaction& t, int64_t id);                // GET_ALL_METADATA
  std::vector<std::string> GetOfChildren(IndexTransaction& t, int64_t id, int type); // GET_CHILDREN_METADATA
}
