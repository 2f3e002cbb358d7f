// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Metadata.h"

namespace OrthancRegistry::Metadata
{
  namespace
  {
    using Row = std::optional<std::tuple<std::string, int64_t>>;

    Row Read(Transaction& transaction, int64_t id, int type)
    {
      return transaction.QueryOptional<std::string, int64_t>(
          "SELECT COALESCE(value, ''), COALESCE(revision, 0) FROM Metadata WHERE id = $1 AND type = $2", id,
          type);
    }

    Row ReadAndLock(Transaction& transaction, int64_t id, int type)
    {
      auto row = transaction.QueryOptional<std::string, int64_t>(
          "SELECT COALESCE(value, ''), COALESCE(revision, 0) FROM Metadata WHERE id = $1 AND type = $2 FOR "
          "UPDATE",
          id, type);
      if (!row)
      {
        // Nothing to lock: whoever is about to make it waits at the resource.
        transaction.Execute("SELECT internalId FROM Resources WHERE internalId = $1 FOR UPDATE", id);
        row = transaction.QueryOptional<std::string, int64_t>(
            "SELECT COALESCE(value, ''), COALESCE(revision, 0) FROM Metadata WHERE id = $1 AND type = $2 FOR "
            "UPDATE",
            id, type);
      }
      return row;
    }
  }

  void Set(IndexTransaction& t, int64_t id, int type, const std::string& value, int64_t revision)
  {
    t.Hold(id);
    t.resources.SetFilled(id);
    t.transaction.Execute(
        "INSERT INTO Metadata (id, type, value, revision) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision",
        id, type, value, revision);
  }

  void Delete(IndexTransaction& t, int64_t id, int type)
  {
    t.transaction.Execute("DELETE FROM Metadata WHERE id = $1 AND type = $2", id, type);
  }

  std::optional<MetadataValue> Lookup(IndexTransaction& t, int64_t id, int type)
  {
    if (t.dialect.IsHiddenMetadata(type))
    {
      return std::nullopt;
    }
    auto row = t.transaction.GetMode() == AccessMode::ReadOnly ? Read(t.transaction, id, type)
                                                               : ReadAndLock(t.transaction, id, type);
    if (!row)
    {
      return std::nullopt;
    }
    auto& [value, revision] = *row;
    return MetadataValue{type, std::move(value), revision};
  }

  std::vector<MetadataValue> GetAll(IndexTransaction& t, int64_t id)
  {
    std::vector<MetadataValue> metadata;
    t.transaction.QueryEach<int, std::string, int64_t>(
        "SELECT type, COALESCE(value, ''), COALESCE(revision, 0) FROM Metadata WHERE id = $1 ORDER BY type",
        [&](int type, std::string value, int64_t revision)
        {
          if (!t.dialect.IsHiddenMetadata(type))
          {
            metadata.push_back({type, std::move(value), revision});
          }
        },
        id);
    return metadata;
  }

  std::vector<std::string> GetOfChildren(IndexTransaction& t, int64_t id, int type)
  {
    std::vector<std::string> values;
    t.transaction.QueryEach<std::string>(
        "SELECT COALESCE(m.value, '') FROM Resources r JOIN Metadata m ON m.id = r.internalId AND m.type = "
        "$2 "
        "WHERE r.parentId = $1 ORDER BY r.internalId",
        [&values](std::string value)
        {
          values.push_back(std::move(value));
        },
        id, type);
    return values;
  }
}
