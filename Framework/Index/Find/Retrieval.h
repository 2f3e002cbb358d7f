// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Index/Find/FindRequest.h"
#include "Framework/Index/Find/FindResponse.h"
#include "Framework/Index/IIndexDialect.h"

#include <array>
#include <unordered_map>
#include <unordered_set>

namespace OrthancRegistry
{
  // A resource that the first round trip found, and the internal ids of those above it (by level, as far as
  // something of them is to be retrieved)
  struct FoundRow
  {
    FoundItem item;
    std::array<int64_t, 4> ancestors = {};
  };

  // The second round trip of a Find: puts off one query per kind of content for all the resources, sends
  // them together, and distributes the answers. Used once, by one thread.
  class Retrieval
  {
  public:
    Retrieval(IndexTransaction& t, const FindRequest& request, std::vector<FoundRow>& rows);

    // Resources that were deleted meanwhile are left out.
    std::vector<FoundItem> Run();

  private:
    static bool IsAnythingAsked(const FindRequest& request);

    std::vector<int64_t> CollectIds(bool own, bool ParentRetrieval::* ofParents) const;

    void RetrieveTags();
    void RetrieveMetadata();
    void RetrieveLabels();
    void RetrieveAttachments();
    void RetrieveChildren(ResourceLevel level);
    void RetrieveChildrenIdentifiers(ResourceLevel level);
    void RetrieveChildrenCount(ResourceLevel level);
    void RetrieveChildrenMetadata(ResourceLevel level, const std::vector<int64_t>& types);
    void RetrieveChildrenTags(ResourceLevel level, const std::vector<TagKey>& tags);
    void RetrieveOneInstance();
    void RetrieveExistence();

    FoundItem& GetItem(int64_t id);
    void DistributeContents(FoundRow& row);

    IndexTransaction& t_;
    const FindRequest& request_;
    std::vector<FoundRow>& rows_;
    std::vector<int64_t> ids_;
    std::unordered_map<int64_t, size_t> positions_;

    // By internal id, as the same ancestor can belong to many resources
    std::unordered_map<int64_t, std::vector<TagValue>> tags_;
    std::unordered_map<int64_t, std::vector<MetadataValue>> metadata_;
    std::unordered_set<int64_t> existing_;
  };
}
