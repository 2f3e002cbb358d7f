// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexTypes.h"

#include <array>

namespace OrthancRegistry
{
  struct ResourceContent
  {
    std::vector<TagValue> mainDicomTags;
    std::vector<MetadataValue> metadata;
  };

  struct ChildrenContent
  {
    std::vector<std::string> identifiers;
    std::vector<TagValue> mainDicomTags; // distinct
    std::vector<MetadataValue> metadata; // distinct, revision unused
    uint64_t count = 0;
  };

  // One resource found. Arrays are indexed by level.
  struct FoundItem
  {
    int64_t id = 0;
    std::string publicId;
    std::string parentPublicId;
    std::vector<std::string> labels;
    std::vector<AttachmentWithRevision> attachments;
    std::array<ResourceContent, 4> contents; // its own level and those above
    std::array<ChildrenContent, 4> children; // levels below
    std::string oneInstancePublicId;
    std::vector<MetadataValue> oneInstanceMetadata;
    std::vector<Attachment> oneInstanceAttachments;
  };
}
