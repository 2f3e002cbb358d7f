// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

// Main DICOM tags and normalized identifiers.
namespace OrthancRegistry::Tags
{
  void SetResourcesContent(IndexTransaction& t, const std::vector<ResourceTag>& tags,
                           const std::vector<ResourceMetadata>& metadata); // SET_RESOURCES_CONTENT
  void ClearMainDicomTags(IndexTransaction& t, int64_t id);                // CLEAR_MAIN_DICOM_TAGS
  std::vector<TagValue> GetMainDicomTags(IndexTransaction& t, int64_t id); // GET_MAIN_DICOM_TAGS
}
