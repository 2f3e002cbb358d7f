// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteIndexDialect.h"

#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    // The row of a resource, made if it is missing
    std::pair<int64_t, bool> EnsureResource(Transaction& transaction, ResourceLevel level,
                                            const std::string& publicId, const std::optional<int64_t>& parent)
    {
      if (const auto row = transaction.QueryOptional<int64_t>(
              "SELECT internalId FROM Resources WHERE publicId = $1", publicId))
      {
        return {std::get<0>(*row), false};
      }
      const int64_t id = transaction.QueryValue<int64_t>(
          "INSERT INTO Resources (resourceType, publicId, parentId) VALUES ($1, $2, $3) RETURNING internalId",
          level, publicId, parent);
      return {id, true};
    }

    // Deletes resources of one level with all that is below them, from the bottom.
    void DeleteSubtrees(Transaction& transaction, const std::vector<int64_t>& targets,
                        DeletedResources& deleted)
    {
      std::vector<int64_t> children;
      transaction.QueryEach<int64_t>(
          "SELECT internalId FROM Resources WHERE parentId = ANY($1)",
          [&children](int64_t id)
          {
            children.push_back(id);
          },
          targets);
      if (!children.empty())
      {
        DeleteSubtrees(transaction, children, deleted);
      }

      transaction.QueryEach<int, std::string, int64_t, int64_t, int, std::string, std::string, Binary>(
          "DELETE FROM AttachedFiles WHERE id = ANY($1) RETURNING fileType, uuid, COALESCE(compressedSize, "
          "0), "
          "COALESCE(uncompressedSize, 0), COALESCE(compressionType, 0), COALESCE(compressedHash, ''), "
          "COALESCE(uncompressedHash, ''), COALESCE(customData, x'')",
          [&deleted](int contentType, std::string uuid, int64_t compressedSize, int64_t uncompressedSize,
                     int compressionType, std::string compressedHash, std::string uncompressedHash,
                     Binary customData)
          {
            deleted.attachments.push_back(
                {std::move(uuid), contentType, static_cast<uint64_t>(uncompressedSize),
                 std::move(uncompressedHash), compressionType, static_cast<uint64_t>(compressedSize),
                 std::move(compressedHash), std::move(customData.bytes)});
          },
          targets);

      transaction.QueryEach<ResourceLevel, std::string>(
          "DELETE FROM Resources WHERE internalId = ANY($1) RETURNING resourceType, publicId",
          [&deleted](ResourceLevel level, std::string publicId)
          {
            deleted.resources.push_back({level, std::move(publicId)});
          },
          targets);
    }
  }

  CreatedInstance SQLiteIndexDialect::CreateInstance(Transaction& transaction, const std::string& patient,
                                                     const std::string& study, const std::string& series,
                                                     const std::string& instance) const
  {
    CreatedInstance created;
    if (const auto row = transaction.QueryOptional<int64_t>(
            "SELECT internalId FROM Resources WHERE publicId = $1", instance))
    {
      created.instanceId = std::get<0>(*row);
      return created;
    }

    std::tie(created.patientId, created.isNewPatient) =
        EnsureResource(transaction, ResourceLevel::Patient, patient, std::nullopt);
    std::tie(created.studyId, created.isNewStudy) =
        EnsureResource(transaction, ResourceLevel::Study, study, created.patientId);
    std::tie(created.seriesId, created.isNewSeries) =
        EnsureResource(transaction, ResourceLevel::Series, series, created.studyId);
    std::tie(created.instanceId, created.isNewInstance) =
        EnsureResource(transaction, ResourceLevel::Instance, instance, created.seriesId);
    TouchPatient(transaction, created.patientId);
    return created;
  }

  DeletedResources SQLiteIndexDialect::DeleteResource(Transaction& transaction, int64_t id) const
  {
    DeletedResources deleted;
    auto row = transaction.QueryOptional<std::optional<int64_t>>(
        "SELECT parentId FROM Resources WHERE internalId = $1", id);
    if (!row)
    {
      throw RegistryError(ErrorCode::UnknownResource, "The resource to delete does not exist");
    }

    DeleteSubtrees(transaction, {id}, deleted);
    while (std::get<0>(*row).has_value())
    {
      const int64_t ancestor = std::get<0>(*row).value();
      const auto [level, publicId, parent, isParent] =
          transaction
              .QueryOptional<ResourceLevel, std::string, std::optional<int64_t>, bool>(
                  "SELECT r.resourceType, r.publicId, r.parentId, "
                  "EXISTS (SELECT 1 FROM Resources c WHERE c.parentId = r.internalId) "
                  "FROM Resources r WHERE r.internalId = $1",
                  ancestor)
              .value();
      if (isParent)
      {
        deleted.remainingAncestor = ResourceReference{level, publicId};
        break;
      }
      DeleteSubtrees(transaction, {ancestor}, deleted);
      std::get<0>(*row) = parent;
    }
    return deleted;
  }

  void SQLiteIndexDialect::HoldResource(Transaction& /*transaction*/, int64_t /*id*/) const
  {
  }

  // Conflicts cost nothing here.
  void SQLiteIndexDialect::InsertContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                                         const std::vector<ResourceMetadata>& metadata) const
  {
    MergeContent(transaction, tags, metadata);
  }

  void SQLiteIndexDialect::MergeContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                                        const std::vector<ResourceMetadata>& metadata) const
  {
    for (const ResourceTag& tag : tags)
    {
      if (tag.isIdentifier)
      {
        transaction.Execute("INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value) "
                            "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                            tag.resourceId, tag.tag.group, tag.tag.element, tag.tag.value);
      }
      else
      {
        transaction.Execute("INSERT INTO MainDicomTags (id, tagGroup, tagElement, value) "
                            "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                            tag.resourceId, tag.tag.group, tag.tag.element, tag.tag.value);
      }
    }
    for (const ResourceMetadata& item : metadata)
    {
      transaction.Execute(
          "INSERT INTO Metadata (id, type, value, revision) VALUES ($1, $2, $3, 0) "
          "ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision",
          item.resourceId, item.type, item.value);
    }
  }

  void SQLiteIndexDialect::PrepareChange(Transaction& /*transaction*/) const
  {
  }

  void SQLiteIndexDialect::AskVisibleChangesLimit(Transaction& transaction, int64_t& limit) const
  {
    limit = transaction.QueryValue<int64_t>(
        "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'Changes'");
  }

  void SQLiteIndexDialect::PrepareExport(Transaction& /*transaction*/) const
  {
  }

  // The index that is built into Orthanc keeps the recycling order in a table.
  bool SQLiteIndexDialect::IsHiddenMetadata(int type) const
  {
    return type == METADATA_RECYCLING_ORDER;
  }

  // Who is last already is not written again.
  void SQLiteIndexDialect::TouchPatient(Transaction& transaction, int64_t patient) const
  {
    const auto last = transaction.QueryOptional<int64_t, int64_t>(
        "SELECT id, CAST(value AS INTEGER) FROM Metadata WHERE type = 19 "
        "ORDER BY CAST(value AS INTEGER) DESC, id DESC LIMIT 1");
    if (last && std::get<0>(*last) == patient)
    {
      return;
    }
    const int64_t next = last ? std::get<1>(*last) + 1 : 1;
    transaction.Execute(
        "INSERT INTO Metadata (id, type, value, revision) VALUES ($1, 19, CAST($2 AS TEXT), 0) "
        "ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision",
        patient, next);
  }

  std::optional<int64_t> SQLiteIndexDialect::SelectPatientToRecycle(Transaction& transaction,
                                                                    int64_t avoid) const
  {
    const auto row = transaction.QueryOptional<int64_t>(
        "SELECT m.id FROM Metadata m WHERE m.type = 19 AND m.id <> $1 AND NOT EXISTS "
        "(SELECT 1 FROM Metadata p WHERE p.id = m.id AND p.type = 18 AND p.value = 'true') "
        "ORDER BY CAST(m.value AS INTEGER), m.id LIMIT 1",
        avoid);
    return row ? std::make_optional(std::get<0>(*row)) : std::nullopt;
  }

  bool SQLiteIndexDialect::FoldStatistics(Transaction& /*transaction*/) const
  {
    return false;
  }

  std::string_view SQLiteIndexDialect::GetKeyValuesQuery() const
  {
    return "SELECT key, value FROM KeyValueStores WHERE storeId = $1 AND key >= $2 "
           "AND ($3 = 0 OR key <> $2) ORDER BY key LIMIT $4";
  }

  // By the first write of each server: an update leaves no trace
  std::string_view SQLiteIndexDialect::GetServerPropertiesQuery() const
  {
    return "SELECT server, COALESCE(value, '') FROM ServerProperties WHERE property = $1 "
           "ORDER BY rowid DESC";
  }

  AuditLogsSql SQLiteIndexDialect::GetAuditLogsSql() const
  {
    // "ts" is a text in UTC with milliseconds.
    return {
        "SELECT CAST(strftime('%s', ts) AS INTEGER) * 1000000 + CAST(substr(ts, 21, 3) AS INTEGER) * 1000, "
        "CAST(rowid AS TEXT), sourcePlugin, userId, resourceType, resourceId, action, logData "
        "FROM AuditLogs WHERE (ts, rowid) > (strftime('%Y-%m-%d %H:%M:%S', $1 / 1000000, 'unixepoch') || "
        "printf('.%03d', $1 / 1000 % 1000), CAST($2 AS INTEGER)) "
        "AND ts < strftime('%Y-%m-%d %H:%M:%S', $3 / 1000000, 'unixepoch') || "
        "printf('.%03d', $3 / 1000 % 1000)",
        "ts, rowid", "0"};
  }
}
