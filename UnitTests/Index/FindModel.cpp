// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindModel.h"

#include <algorithm>
#include <array>
#include <regex>
#include <stdexcept>

namespace OrthancRegistry::Testing
{
  namespace
  {
    // Upper case of what the tests use
    std::string Fold(std::string text)
    {
      const std::array<std::pair<std::string, std::string>, 5> letters = {
          {{"é", "É"}, {"ö", "Ö"}, {"ж", "Ж"}, {"σ", "Σ"}, {"ς", "Σ"}}};
      for (const auto& [lower, upper] : letters)
      {
        for (size_t at = text.find(lower); at != std::string::npos; at = text.find(lower, at))
        {
          text.replace(at, lower.size(), upper);
        }
      }
      for (char& character : text)
      {
        character =
            character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
      }
      return text;
    }

    size_t GetCharacterSize(std::string_view text)
    {
      size_t size = 1;
      while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U)
      {
        size++;
      }
      return size;
    }

    bool MatchesWildcard(std::string_view text, std::string_view pattern)
    {
      if (pattern.empty())
      {
        return text.empty();
      }
      if (pattern.front() == '*')
      {
        return MatchesWildcard(text, pattern.substr(1)) ||
               (!text.empty() && MatchesWildcard(text.substr(1), pattern));
      }
      if (text.empty())
      {
        return false;
      }
      if (pattern.front() == '?')
      {
        return MatchesWildcard(text.substr(GetCharacterSize(text)), pattern.substr(1));
      }
      return text.front() == pattern.front() && MatchesWildcard(text.substr(1), pattern.substr(1));
    }

    template <typename Constraint>
    bool MatchesValue(const std::string& value, const Constraint& constraint)
    {
      const auto fold = [&](const std::string& text)
      {
        return constraint.isCaseSensitive ? text : Fold(text);
      };
      const std::string left = fold(value);
      const std::string first = fold(constraint.values.front());
      switch (constraint.type)
      {
      case ConstraintType::Equal:
        return left == first;
      case ConstraintType::SmallerOrEqual:
        return left <= first;
      case ConstraintType::GreaterOrEqual:
        return left >= first;
      case ConstraintType::Wildcard:
        return MatchesWildcard(left, first);
      case ConstraintType::List:
        return std::any_of(constraint.values.begin(), constraint.values.end(),
                           [&](const std::string& one)
                           {
                             return left == fold(one);
                           });
      }
      throw std::logic_error("Unknown constraint");
    }

    template <typename Map, typename Constraint>
    bool MatchesMap(const Map& map, const typename Map::key_type& key, const Constraint& constraint)
    {
      const auto found = map.find(key);
      return found == map.end() ? !constraint.isMandatory : MatchesValue(found->second, constraint);
    }

    bool MatchesLabels(const Node& node, const FindFilter& filter)
    {
      const auto has = [&node](const std::string& label)
      {
        return node.labels.contains(label);
      };
      const auto& labels = filter.labels;
      switch (filter.labelsConstraint)
      {
      case LabelsConstraint::All:
        return std::all_of(labels.begin(), labels.end(), has);
      case LabelsConstraint::Any:
        return labels.empty() || std::any_of(labels.begin(), labels.end(), has);
      case LabelsConstraint::None:
        return labels.empty() ? node.labels.empty() : std::none_of(labels.begin(), labels.end(), has);
      }
      throw std::logic_error("Unknown constraint on labels");
    }

    // The key of a resource, comparable with "<"; nothing if there is none
    struct Key
    {
      std::string text;
      int64_t integer = 0;
      double real = 0;

      auto operator<=>(const Key&) const = default;
    };

    template <typename Map>
    std::optional<Key> MakeKey(const Map& map, const typename Map::key_type& key, Ordering::Cast cast)
    {
      const auto found = map.find(key);
      if (found == map.end())
      {
        return std::nullopt;
      }
      const std::string& value = found->second;
      if (cast == Ordering::Cast::String)
      {
        return Key{value, 0, 0};
      }
      if (cast == Ordering::Cast::Integer)
      {
        return std::regex_match(value, std::regex(" *[-+]?[0-9]{1,18} *"))
                   ? std::optional<Key>({"", std::stoll(value), 0})
                   : std::nullopt;
      }
      return std::regex_match(value,
                              std::regex(" *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,2})? *"))
                 ? std::optional<Key>({"", 0, std::stod(value)})
                 : std::nullopt;
    }

    void StoreTags(Transaction& transaction, const Node& node)
    {
      for (const auto& [tag, value] : node.tags)
      {
        transaction.Execute(
            "INSERT INTO MainDicomTags (id, tagGroup, tagElement, value) VALUES ($1, $2, $3, $4)", node.id,
            tag.first, tag.second, value);
      }
      for (const auto& [tag, value] : node.identifiers)
      {
        transaction.Execute(
            "INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value) VALUES ($1, $2, $3, $4)", node.id,
            tag.first, tag.second, value);
      }
    }

    void StoreAttachment(Transaction& transaction, int64_t id, const AttachmentWithRevision& stored)
    {
      const Attachment& attachment = stored.attachment;
      transaction.Execute(
          "INSERT INTO AttachedFiles (id, fileType, uuid, compressedSize, uncompressedSize, compressionType, "
          "uncompressedHash, compressedHash, revision, customData) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
          id, attachment.contentType, attachment.uuid, attachment.compressedSize, attachment.uncompressedSize,
          attachment.compressionType, attachment.uncompressedHash, attachment.compressedHash, stored.revision,
          Binary{attachment.customData});
    }
  }

  Node& FindModel::Add(ResourceLevel level, const std::string& publicId, int64_t parent)
  {
    Node& node = nodes_.emplace_back();
    node.id = static_cast<int64_t>(nodes_.size());
    node.level = level;
    node.publicId = publicId;
    node.parent = parent;
    return node;
  }

  Node& FindModel::Get(const std::string& publicId)
  {
    for (Node& node : nodes_)
    {
      if (node.publicId == publicId)
      {
        return node;
      }
    }
    throw std::out_of_range(publicId);
  }

  void FindModel::Store(Transaction& transaction) const
  {
    for (const Node& node : nodes_)
    {
      const std::optional<int64_t> parent =
          node.parent == 0 ? std::nullopt : std::optional<int64_t>(node.parent);
      transaction.Execute(
          "INSERT INTO Resources (internalId, resourceType, publicId, parentId) VALUES ($1, $2, $3, $4)",
          node.id, node.level, node.publicId, parent);
      StoreTags(transaction, node);
      for (const auto& [type, value] : node.metadata)
      {
        transaction.Execute("INSERT INTO Metadata (id, type, value, revision) VALUES ($1, $2, $3, $4)",
                            node.id, type, value, type + 1);
      }
      for (const std::string& label : node.labels)
      {
        transaction.Execute("INSERT INTO Labels (id, label) VALUES ($1, $2)", node.id, label);
      }
      for (const AttachmentWithRevision& attachment : node.attachments)
      {
        StoreAttachment(transaction, node.id, attachment);
      }
    }
  }

  const Node& FindModel::GetAncestor(const Node& node, ResourceLevel level) const
  {
    const Node* current = &node;
    while (current->level > level)
    {
      current = &nodes_.at(static_cast<size_t>(current->parent) - 1);
    }
    return *current;
  }

  std::vector<const Node*> FindModel::GetDescendants(const Node& node, ResourceLevel level) const
  {
    std::vector<const Node*> descendants;
    for (const Node& other : nodes_)
    {
      if (other.level == level && GetAncestor(other, node.level).id == node.id)
      {
        descendants.push_back(&other);
      }
    }
    return descendants;
  }

  bool FindModel::IsMatch(const Node& node, const TagConstraint& constraint) const
  {
    const Tag tag(constraint.tag.group, constraint.tag.element);
    const auto matches = [&](const Node& tested)
    {
      return MatchesMap(constraint.isIdentifier ? tested.identifiers : tested.tags, tag, constraint);
    };
    if (constraint.level <= node.level)
    {
      return matches(GetAncestor(node, constraint.level));
    }
    if (!constraint.isMandatory && constraint.type == ConstraintType::Wildcard &&
        constraint.values.front() == "*")
    {
      return true;
    }
    const auto descendants = GetDescendants(node, constraint.level);
    return std::any_of(descendants.begin(), descendants.end(),
                       [&](const Node* descendant)
                       {
                         return matches(*descendant);
                       });
  }

  bool FindModel::IsMatch(const Node& node, const FindFilter& filter) const
  {
    for (size_t level = 0; level < filter.orthancIds.size(); level++)
    {
      const std::string& expected = filter.orthancIds[level];
      const auto resourceLevel = static_cast<ResourceLevel>(level);
      if (!expected.empty() && resourceLevel <= node.level &&
          GetAncestor(node, resourceLevel).publicId != expected)
      {
        return false;
      }
    }
    return node.level == filter.level && MatchesLabels(node, filter) &&
           std::all_of(filter.tags.begin(), filter.tags.end(),
                       [&](const TagConstraint& constraint)
                       {
                         return IsMatch(node, constraint);
                       }) &&
           std::all_of(filter.metadata.begin(), filter.metadata.end(),
                       [&](const MetadataConstraint& constraint)
                       {
                         return MatchesMap(node.metadata, constraint.metadata, constraint);
                       });
  }

  bool FindModel::IsBefore(const Node& a, const Node& b, const std::vector<Ordering>& ordering) const
  {
    for (const Ordering& key : ordering)
    {
      const auto get = [&](const Node& node)
      {
        if (key.isMetadata)
        {
          return MakeKey(node.metadata, key.metadata, key.cast);
        }
        const Node& holder = GetAncestor(node, key.tagLevel);
        return MakeKey(key.isIdentifier ? holder.identifiers : holder.tags,
                       Tag(key.tag.group, key.tag.element), key.cast);
      };
      const std::optional<Key> left = get(a);
      const std::optional<Key> right = get(b);
      if (left != right)
      {
        if (!left || !right)
        {
          return left.has_value();
        }
        return key.descending ? *right < *left : *left < *right;
      }
    }
    return a.publicId < b.publicId;
  }

  std::vector<std::string> FindModel::Find(const FindRequest& request) const
  {
    std::vector<const Node*> found;
    for (const Node& node : nodes_)
    {
      if (IsMatch(node, request.filter))
      {
        found.push_back(&node);
      }
    }
    std::sort(found.begin(), found.end(),
              [&](const Node* a, const Node* b)
              {
                return IsBefore(*a, *b, request.ordering);
              });

    const FindLimits limits = request.limits.value_or(FindLimits());
    std::vector<std::string> answer;
    for (size_t i = limits.since; i < found.size(); i++)
    {
      if (limits.count == 0 || answer.size() < limits.count)
      {
        answer.push_back(found[i]->publicId);
      }
    }
    return answer;
  }
}
