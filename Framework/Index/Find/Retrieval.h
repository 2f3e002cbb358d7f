// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Index/Find/FindRequest.h"
#include "Framework/Index/Find/FindResponse.h"
#include "Framework/Index/Find/IFindDialect.h"
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

  // What a Find retrieves of the resources that it has found: one query per kind of content for all of them,
  // put off and sent together. Used once, by one thread.
  //
  // Either the resources are added first, and their ids are bound to the queries: the second round trip. Or
  // the server keeps the ids for the queries, which then travel with the statement that finds.
  class Retrieval
  {
  public:
    // "kept" has the ids of what is found, and of the ancestors of which something is asked; null: none has.
    Retrieval(IndexTransaction& t, const FindRequest& request, const IKeptIds* kept);

    static bool IsAnythingAsked(const FindRequest& request);

    void Add(FoundRow row);

    // Puts off all queries, waits for the answers, distributes them. Resources that were deleted meanwhile
    // are left out.
    std::vector<FoundItem> Run();

  private:
    // Text and parameter of a list of ids
    struct Ids
    {
      std::string text; // "ANY(...)"
      std::vector<int64_t> bound;
    };

    Ids GetOwn(int parameter) const;
    Ids Collect(const std::vector<ResourceLevel>& levels) const;

    // The levels of which something is asked
    std::vector<ResourceLevel> GetLevels(bool own, bool ParentRetrieval::* ofParents) const;
    int64_t GetId(const FoundRow& row, ResourceLevel level) const;

    template <typename... Columns, typename Handler, typename... Arguments>
    void Ask(const std::string& sql, Handler handler, const Ids& ids, const Arguments&... arguments);

    void RetrieveMetadata();
    void RetrieveLabels();
    void RetrieveAttachments();
    void RetrieveChildren(ResourceLevel level);
    void RetrieveChildrenIdentifiers(ResourceLevel level);
    void RetrieveChildrenCount(ResourceLevel level);
    void RetrieveChildrenMetadata(ResourceLevel level, const std::vector<int64_t>& types);
    void RetrieveChildrenTags(ResourceLevel level, const std::vector<TagKey>& tags);
    void RetrieveOneInstance();
    void RetrieveTagsAndExistence();

    FoundItem& GetItem(int64_t id);
    void DistributeContents(FoundRow& row);

    IndexTransaction& t_;
    const FindRequest& request_;
    const IKeptIds* const kept_;
    std::vector<FoundRow> rows_;
    std::vector<int64_t> ids_;
    std::unordered_map<int64_t, size_t> positions_;

    // By internal id, as the same ancestor can belong to many resources
    std::unordered_map<int64_t, std::vector<TagValue>> tags_;
    std::unordered_map<int64_t, std::vector<MetadataValue>> metadata_;
    std::unordered_set<int64_t> existing_;
  };
}
