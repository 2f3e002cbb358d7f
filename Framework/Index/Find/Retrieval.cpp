// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/Retrieval.h"

#include "Framework/Index/Find/AttachmentColumns.h"
#include "Framework/Index/Find/SqlBuilder.h"

#include <algorithm>
#include <set>

namespace OrthancRegistry
{
  namespace
  {
    // "SELECT <what> FROM <descendants> <join> WHERE <they belong to resources of that list>"
    std::string SelectOfDescendants(ResourceLevel level, ResourceLevel target, const std::string& list,
                                    std::string_view what, std::string_view join = "")
    {
      const std::string root = GetDescendantRoot(level);
      std::string text = "SELECT ";
      text.append(what).append(" ").append(GetDescendantTables(level, target));
      text.append(" ").append(join).append(" WHERE ").append(root).append(" = ").append(list);
      return text;
    }

    // The common table expression "one": for each resource of the list its instance with the lowest public id
    std::string WithOneInstance(ResourceLevel level, const IFindDialect& dialect, const std::string& list)
    {
      const std::string root = GetDescendantRoot(level);
      std::string columns = root + " AS root, instance.internalId AS id, instance.publicId AS publicId, ";
      columns += "ROW_NUMBER() OVER (PARTITION BY " + root + " ORDER BY instance.publicId";
      columns.append(dialect.GetBytewiseCollation()).append(") AS ranking");
      std::string text = "WITH one AS (SELECT root, id, publicId FROM (";
      text += SelectOfDescendants(level, ResourceLevel::Instance, list, columns);
      return text + ") AS ranked WHERE ranking = 1) ";
    }

    int64_t EncodeTag(const TagKey& tag)
    {
      return int64_t{tag.group} * 65536 + tag.element;
    }
  }

  Retrieval::Retrieval(IndexTransaction& t, const FindRequest& request, const IKeptIds* kept)
      : t_(t), request_(request), kept_(kept)
  {
  }

  void Retrieval::Add(FoundRow row)
  {
    positions_[row.item.id] = ids_.size();
    ids_.push_back(row.item.id);
    rows_.push_back(std::move(row));
  }

  bool Retrieval::IsAnythingAsked(const FindRequest& request)
  {
    const auto parent = [](const ParentRetrieval& asked)
    {
      return asked.mainDicomTags || asked.metadata;
    };
    const auto children = [](const ChildrenRetrieval& asked)
    {
      return asked.identifiers || asked.count || !asked.metadata.empty() || !asked.mainDicomTags.empty();
    };
    return request.mainDicomTags || request.metadata || request.labels || request.attachments ||
           request.oneInstance || std::any_of(request.parents.begin(), request.parents.end(), parent) ||
           std::any_of(request.children.begin(), request.children.end(), children);
  }

  Retrieval::Ids Retrieval::GetOwn(int parameter) const
  {
    if (kept_ != nullptr)
    {
      return {"ANY(" + kept_->Get(request_.filter.level) + ")", {}};
    }
    return {"ANY($" + std::to_string(parameter) + ")", ids_};
  }

  std::vector<ResourceLevel> Retrieval::GetLevels(bool own, bool ParentRetrieval::* ofParents) const
  {
    std::vector<ResourceLevel> levels;
    for (size_t level = 0; level < static_cast<size_t>(request_.filter.level); level++)
    {
      if (request_.parents[level].*ofParents)
      {
        levels.push_back(static_cast<ResourceLevel>(level));
      }
    }
    if (own)
    {
      levels.push_back(request_.filter.level);
    }
    return levels;
  }

  int64_t Retrieval::GetId(const FoundRow& row, ResourceLevel level) const
  {
    return level == request_.filter.level ? row.item.id : row.ancestors[static_cast<size_t>(level)];
  }

  // The first parameter
  Retrieval::Ids Retrieval::Collect(const std::vector<ResourceLevel>& levels) const
  {
    std::string kept;
    std::set<int64_t> ids;
    for (const ResourceLevel level : levels)
    {
      if (kept_ != nullptr)
      {
        kept += (kept.empty() ? "" : " || ") + kept_->Get(level);
        continue;
      }
      for (const FoundRow& row : rows_)
      {
        ids.insert(GetId(row, level));
      }
    }
    return kept_ != nullptr ? Ids{"ANY(" + kept + ")", {}} : Ids{"ANY($1)", {ids.begin(), ids.end()}};
  }

  template <typename... Columns, typename Handler, typename... Arguments>
  void Retrieval::Ask(const std::string& sql, Handler handler, const Ids& ids, const Arguments&... arguments)
  {
    if (kept_ != nullptr)
    {
      t_.transaction.QueryLater<Columns...>(sql, std::move(handler), arguments...);
    }
    else
    {
      t_.transaction.QueryLater<Columns...>(sql, std::move(handler), arguments..., ids.bound);
    }
  }

  FoundItem& Retrieval::GetItem(int64_t id)
  {
    return rows_[positions_.at(id)].item;
  }

  void Retrieval::RetrieveMetadata()
  {
    const auto levels = GetLevels(request_.metadata, &ParentRetrieval::metadata);
    if (levels.empty())
    {
      return;
    }
    const Ids ids = Collect(levels);
    Ask<int64_t, int, std::string, int64_t>(
        "SELECT id, type, COALESCE(value, ''), COALESCE(revision, 0) FROM Metadata WHERE id = " + ids.text,
        [this](int64_t id, int type, std::string value, int64_t revision)
        {
          if (!t_.dialect.IsHiddenMetadata(type))
          {
            metadata_[id].push_back({type, std::move(value), revision});
          }
        },
        ids);
  }

  void Retrieval::RetrieveLabels()
  {
    const Ids ids = GetOwn(1);
    std::string text = "SELECT id, label FROM Labels WHERE id = " + ids.text + " ORDER BY id, label";
    text += t_.dialect.GetFindDialect().GetBytewiseCollation();
    Ask<int64_t, std::string>(
        text,
        [this](int64_t id, std::string label)
        {
          GetItem(id).labels.push_back(std::move(label));
        },
        ids);
  }

  void Retrieval::RetrieveAttachments()
  {
    const Ids ids = GetOwn(1);
    std::string text = "SELECT AttachedFiles.id, COALESCE(AttachedFiles.revision, 0), ";
    text.append(ATTACHMENT_COLUMNS).append(" FROM AttachedFiles WHERE AttachedFiles.id = ").append(ids.text);
    Ask<int64_t, int64_t, int, std::string, int64_t, int64_t, int, std::string, std::string,
        std::optional<Binary>>(
        text,
        [this](int64_t id, int64_t revision, auto... columns)
        {
          GetItem(id).attachments.push_back({MakeAttachment(std::move(columns)...), revision});
        },
        ids);
  }

  void Retrieval::RetrieveChildrenIdentifiers(ResourceLevel level)
  {
    const ResourceLevel own = request_.filter.level;
    const std::string what = GetDescendantRoot(own) + ", " + std::string(GetAlias(level)) + ".publicId";
    const Ids ids = GetOwn(1);
    Ask<int64_t, std::string>(
        SelectOfDescendants(own, level, ids.text, what),
        [this, level](int64_t id, std::string publicId)
        {
          ChildrenContent& content = GetItem(id).children[static_cast<size_t>(level)];
          content.identifiers.push_back(std::move(publicId));
          content.count++;
        },
        ids);
  }

  void Retrieval::RetrieveChildrenCount(ResourceLevel level)
  {
    const ResourceLevel own = request_.filter.level;
    const std::string root = GetDescendantRoot(own);
    const Ids ids = GetOwn(1);
    Ask<int64_t, uint64_t>(
        SelectOfDescendants(own, level, ids.text, root + ", COUNT(*)") + " GROUP BY " + root,
        [this, level](int64_t id, uint64_t count)
        {
          GetItem(id).children[static_cast<size_t>(level)].count = count;
        },
        ids);
  }

  void Retrieval::RetrieveChildrenMetadata(ResourceLevel level, const std::vector<int64_t>& types)
  {
    const ResourceLevel own = request_.filter.level;
    const std::string join = "JOIN Metadata ON Metadata.id = " + std::string(GetAlias(level)) + ".internalId";
    const Ids ids = GetOwn(2);
    Ask<int64_t, int, std::string>(
        SelectOfDescendants(
            own, level, ids.text,
            "DISTINCT " + GetDescendantRoot(own) + ", Metadata.type, COALESCE(Metadata.value, '')", join) +
            " AND Metadata.type = ANY($1)",
        [this, level](int64_t id, int type, std::string value)
        {
          GetItem(id).children[static_cast<size_t>(level)].metadata.push_back({type, std::move(value), 0});
        },
        ids, types);
  }

  void Retrieval::RetrieveChildrenTags(ResourceLevel level, const std::vector<TagKey>& tags)
  {
    const ResourceLevel own = request_.filter.level;
    std::vector<int64_t> encoded;
    std::transform(tags.begin(), tags.end(), std::back_inserter(encoded), EncodeTag);
    const std::string join =
        "JOIN MainDicomTags ON MainDicomTags.id = " + std::string(GetAlias(level)) + ".internalId";
    const Ids ids = GetOwn(2);
    Ask<int64_t, uint16_t, uint16_t, std::string>(
        SelectOfDescendants(own, level, ids.text,
                            "DISTINCT " + GetDescendantRoot(own) +
                                ", MainDicomTags.tagGroup, MainDicomTags.tagElement, "
                                "COALESCE(MainDicomTags.value, '')",
                            join) +
            " AND CAST(MainDicomTags.tagGroup AS BIGINT) * 65536 + MainDicomTags.tagElement = ANY($1)",
        [this, level](int64_t id, uint16_t group, uint16_t element, std::string value)
        {
          ChildrenContent& content = GetItem(id).children[static_cast<size_t>(level)];
          content.mainDicomTags.push_back({group, element, std::move(value)});
        },
        ids, encoded);
  }

  void Retrieval::RetrieveChildren(ResourceLevel level)
  {
    const ChildrenRetrieval& asked = request_.children[static_cast<size_t>(level)];
    if (asked.identifiers)
    {
      RetrieveChildrenIdentifiers(level);
    }
    else if (asked.count)
    {
      RetrieveChildrenCount(level);
    }
    if (!asked.metadata.empty())
    {
      RetrieveChildrenMetadata(level, asked.metadata);
    }
    if (!asked.mainDicomTags.empty())
    {
      RetrieveChildrenTags(level, asked.mainDicomTags);
    }
  }

  void Retrieval::RetrieveOneInstance()
  {
    const Ids ids = GetOwn(1);
    const std::string one = WithOneInstance(request_.filter.level, t_.dialect.GetFindDialect(), ids.text);
    Ask<int64_t, std::string, std::optional<int>, std::string, int64_t>(
        one + "SELECT one.root, one.publicId, Metadata.type, COALESCE(Metadata.value, ''), "
              "COALESCE(Metadata.revision, 0) FROM one LEFT JOIN Metadata ON Metadata.id = one.id",
        [this](int64_t id, std::string publicId, std::optional<int> type, std::string value, int64_t revision)
        {
          FoundItem& item = GetItem(id);
          item.oneInstancePublicId = std::move(publicId);
          if (type)
          {
            item.oneInstanceMetadata.push_back({*type, std::move(value), revision});
          }
        },
        ids);

    std::string text = one + "SELECT one.root, ";
    text.append(ATTACHMENT_COLUMNS).append(" FROM one JOIN AttachedFiles ON AttachedFiles.id = one.id");
    Ask<int64_t, int, std::string, int64_t, int64_t, int, std::string, std::string, std::optional<Binary>>(
        text,
        [this](int64_t id, auto... columns)
        {
          GetItem(id).oneInstanceAttachments.push_back(MakeAttachment(std::move(columns)...));
        },
        ids);
  }

  // Each statement has its own snapshot (READ COMMITTED). What is still there for the last one was there for
  // all the others, so nothing half-deleted is answered.
  void Retrieval::RetrieveTagsAndExistence()
  {
    if (GetLevels(request_.mainDicomTags, &ParentRetrieval::mainDicomTags).empty())
    {
      const Ids ids = GetOwn(1);
      Ask<int64_t>(
          "SELECT internalId FROM Resources WHERE internalId = " + ids.text,
          [this](int64_t id)
          {
            existing_.insert(id);
          },
          ids);
      return;
    }
    const Ids ids = Collect(GetLevels(true, &ParentRetrieval::mainDicomTags));
    Ask<int64_t, std::optional<uint16_t>, std::optional<uint16_t>, std::string>(
        "SELECT id, tagGroup, tagElement, COALESCE(value, '') FROM MainDicomTags WHERE id = " + ids.text +
            " UNION ALL SELECT internalId, NULL, NULL, '' FROM Resources WHERE internalId = " + ids.text,
        [this](int64_t id, std::optional<uint16_t> group, std::optional<uint16_t> element, std::string value)
        {
          if (group && element)
          {
            tags_[id].push_back({*group, *element, std::move(value)});
          }
          else
          {
            existing_.insert(id);
          }
        },
        ids);
  }

  void Retrieval::DistributeContents(FoundRow& row)
  {
    const size_t own = static_cast<size_t>(request_.filter.level);
    for (size_t level = 0; level <= own; level++)
    {
      const bool tags = level == own ? request_.mainDicomTags : request_.parents[level].mainDicomTags;
      const bool metadata = level == own ? request_.metadata : request_.parents[level].metadata;
      const int64_t id = GetId(row, static_cast<ResourceLevel>(level));
      if (tags)
      {
        row.item.contents[level].mainDicomTags = level == own ? std::move(tags_[id]) : tags_[id];
      }
      if (metadata)
      {
        row.item.contents[level].metadata = level == own ? std::move(metadata_[id]) : metadata_[id];
      }
    }
  }

  std::vector<FoundItem> Retrieval::Run()
  {
    const bool isAsked = kept_ != nullptr || (!rows_.empty() && IsAnythingAsked(request_));
    if (isAsked)
    {
      RetrieveMetadata();
      if (request_.labels)
      {
        RetrieveLabels();
      }
      if (request_.attachments)
      {
        RetrieveAttachments();
      }
      for (int level = static_cast<int>(request_.filter.level) + 1; level <= 3; level++)
      {
        RetrieveChildren(static_cast<ResourceLevel>(level));
      }
      if (request_.oneInstance && request_.filter.level != ResourceLevel::Instance)
      {
        RetrieveOneInstance();
      }
      RetrieveTagsAndExistence();
      t_.transaction.Flush();
    }

    std::vector<FoundItem> items;
    items.reserve(rows_.size());
    for (FoundRow& row : rows_)
    {
      if (!isAsked || existing_.contains(row.item.id))
      {
        DistributeContents(row);
        items.push_back(std::move(row.item));
      }
    }
    return items;
  }
}
