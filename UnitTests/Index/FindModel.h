// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/Find.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace OrthancRegistry::Testing
{
  using Tag = std::pair<uint16_t, uint16_t>;

  struct Node
  {
    int64_t id = 0;
    ResourceLevel level = ResourceLevel::Patient;
    std::string publicId;
    int64_t parent = 0; // 0 = none
    std::map<Tag, std::string> tags;
    std::map<Tag, std::string> identifiers;
    std::map<int, std::string> metadata; // revision = type + 1
    std::set<std::string> labels;
    std::vector<AttachmentWithRevision> attachments;
  };

  // Resources in memory, that can be written to a database, and a second implementation of Find, by brute
  // force.
  class FindModel
  {
  public:
    // The answer is valid until the next call.
    Node& Add(ResourceLevel level, const std::string& publicId, int64_t parent = 0);
    Node& Get(const std::string& publicId);

    void Store(Transaction& transaction) const;

    const std::vector<Node>& GetNodes() const
    {
      return nodes_;
    }

    // Public ids in the order and within the limits of the request
    std::vector<std::string> Find(const FindRequest& request) const;

    const Node& GetAncestor(const Node& node, ResourceLevel level) const;
    std::vector<const Node*> GetDescendants(const Node& node, ResourceLevel level) const;

  private:
    bool IsMatch(const Node& node, const FindFilter& filter) const;
    bool IsMatch(const Node& node, const TagConstraint& constraint) const;
    bool IsBefore(const Node& a, const Node& b, const std::vector<Ordering>& ordering) const;

    std::vector<Node> nodes_; // the id is the position, from 1
  };
}
