// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

// Patients, studies, series and instances: creation, deletion and the hierarchy.
// In this and the other headers of this folder: one function per operation of the database contract (named in
// capitals), on the calling thread, inside the given transaction. An unknown internal id is UnknownResource
// where the contract asks for it, an empty answer otherwise. Database errors as in DatabaseErrors.h.
namespace OrthancRegistry::Resources
{
  struct FoundResource
  {
    int64_t id = 0;
    ResourceLevel level = ResourceLevel::Patient;
  };

  struct FoundResourceAndParent
  {
    int64_t id = 0;
    ResourceLevel level = ResourceLevel::Patient;
    std::string parentPublicId; // empty for patients
  };

  CreatedInstance CreateInstance(IndexTransaction& t, const std::string& patient, const std::string& study,
                                 const std::string& series, const std::string& instance); // CREATE_INSTANCE
  DeletedResources DeleteResource(IndexTransaction& t, int64_t id);                       // DELETE_RESOURCE

  std::optional<FoundResource> Lookup(IndexTransaction& t, const std::string& publicId); // LOOKUP_RESOURCE
  std::optional<FoundResourceAndParent>
  LookupWithParent(IndexTransaction& t,
                   const std::string& publicId);                                // LOOKUP_RESOURCE_AND_PARENT
  std::optional<int64_t> LookupParent(IndexTransaction& t, int64_t id);         // LOOKUP_PARENT
  std::string GetPublicId(IndexTransaction& t, int64_t id);                     // GET_PUBLIC_ID
  ResourceLevel GetLevel(IndexTransaction& t, int64_t id);                      // GET_RESOURCE_TYPE
  std::vector<int64_t> GetChildrenInternalIds(IndexTransaction& t, int64_t id); // GET_CHILDREN_INTERNAL_ID
  std::vector<std::string> GetChildrenPublicIds(IndexTransaction& t, int64_t id); // GET_CHILDREN_PUBLIC_ID

  // In the order of the public ids; limit 0 = all. GET_ALL_PUBLIC_IDS, GET_ALL_PUBLIC_IDS_WITH_LIMITS
  std::vector<std::string> GetAllPublicIds(IndexTransaction& t, ResourceLevel level, int64_t since,
                                           uint32_t limit);
}
