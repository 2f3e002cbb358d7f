// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Tags.h"

#include <set>

namespace OrthancRegistry::Tags
{
  namespace
  {
    struct Content
    {
      std::vector<ResourceTag> tags;
      std::vector<ResourceMetadata> metadata;
    };
  }

  void SetResourcesContent(IndexTransaction& t, const std::vector<ResourceTag>& tags,
                           const std::vector<ResourceMetadata>& metadata)
  {
    Content empty;
    Content filled;
    std::set<int64_t> written;
    for (const ResourceTag& tag : tags)
    {
      (t.resources.IsEmpty(tag.resourceId) ? empty : filled).tags.push_back(tag);
      written.insert(tag.resourceId);
    }
    for (const ResourceMetadata& item : metadata)
    {
      // The one that the engine itself may have written already
      const bool isEmpty = t.resources.IsEmpty(item.resourceId) && item.type != METADATA_RECYCLING_ORDER;
      (isEmpty ? empty : filled).metadata.push_back(item);
      written.insert(item.resourceId);
    }
    for (const int64_t id : written)
    {
      t.Hold(id);
      t.resources.SetFilled(id);
    }
    t.dialect.InsertContent(t.transaction, empty.tags, empty.metadata);
    t.dialect.MergeContent(t.transaction, filled.tags, filled.metadata);
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
