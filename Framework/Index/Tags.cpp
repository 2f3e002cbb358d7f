// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Tags.h"

namespace OrthancRegistry::Tags
{
  void SetResourcesContent(IndexTransaction& t, const std::vector<ResourceTag>& tags,
                           const std::vector<ResourceMetadata>& metadata)
  {
    t.dialect.InsertTags(t.transaction, tags);
    t.dialect.UpsertMetadata(t.transaction, metadata);
  }

  void ClearMainDicomTags(IndexTransaction& t, int64_t id)
  {
    t.transaction.Execute("DELETE FROM MainDicomTags WHERE id = $1", id);
    t.transaction.Execute("DELETE FROM DicomIdentifiers WHERE id = $1", id);
  }

  std::vector<TagValue> GetMainDicomTags(IndexTransaction& t, int64_t id)
  {
    std::vector<TagValue> tags;
    t.transaction.QueryEach<uint16_t, uint16_t, std::string>(
        "SELECT tagGroup, tagElement, COALESCE(value, '') FROM MainDicomTags WHERE id = $1 "
        "ORDER BY tagGroup, tagElement",
        [&tags](uint16_t group, uint16_t element, std::string value)
        {
          tags.push_back({group, element, std::move(value)});
        },
        id);
    return tags;
  }
}
