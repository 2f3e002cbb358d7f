// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLIndexDialect.h"

#include <map>
#include <tuple>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    // The kinds of rows of SharedDeleteResource()
    constexpr int DELETED_ATTACHMENT = 0;
    constexpr int DELETED_RESOURCE = 1;

    constexpr int64_t FOLD_BATCH = 10000;

    struct TagColumns
    {
      std::vector<int64_t> ids;
      std::vector<int64_t> groups;
      std::vector<int64_t> elements;
      std::vector<std::string> values;
    };

    struct MetadataColumns
    {
      std::vector<int64_t> ids;
      std::vector<int64_t> types;
      std::vector<std::string> values;
    };

    // One statement may not write a row twice. In the order of the keys.
    TagColumns GetDistinct(const std::vector<ResourceTag>& tags, bool isIdentifier)
    {
      std::map<std::tuple<int64_t, uint16_t, uint16_t>, const std::string*> distinct;
      for (const ResourceTag& tag : tags)
      {
        if (tag.isIdentifier == isIdentifier)
        {
          distinct.try_emplace({tag.resourceId, tag.tag.group, tag.tag.element}, &tag.tag.value);
        }
      }
      TagColumns columns;
      for (const auto& [key, value] : distinct)
      {
        columns.ids.push_back(std::get<0>(key));
        columns.groups.push_back(std::get<1>(key));
        columns.elements.push_back(std::get<2>(key));
        columns.values.push_back(*value);
      }
      return columns;
    }

    MetadataColumns GetDistinct(const std::vector<ResourceMetadata>& metadata)
    {
      std::map<std::pair<int64_t, int>, const std::string*> distinct;
      for (const ResourceMetadata& item : metadata)
      {
        distinct[{item.resourceId, item.type}] = &item.value;
      }
      MetadataColumns columns;
      for (const auto& [key, value] : distinct)
      {
        columns.ids.push_back(key.first);
        columns.types.push_back(key.second);
        columns.values.push_back(*value);
      }
      return columns;
    }
  }

  CreatedInstance PostgreSQLIndexDialect::CreateInstance(Transaction& transaction, const std::string& patient,
                                                         const std::string& study, const std::string& series,
                                                         const std::string& instance) const
  {
    std::vector<int64_t> reserved;
    return creation_.CreateInstance(transaction, {patient, study, series, instance}, 0, reserved);
  }

  DeletedResources PostgreSQLIndexDialect::DeleteResource(Transaction& transaction, int64_t id) const
  {
    DeletedResources deleted;
    transaction.QueryEach<int, int, std::string, std::optional<int64_t>, std::optional<int64_t>,
                          std::optional<int>, std::string, std::string, Binary>(
        "SELECT kind, levelOrType, identifier, compressed, uncompressed, compression, "
        "COALESCE(compressedMd5, ''), "
        "COALESCE(uncompressedMd5, ''), COALESCE(custom, '') FROM SharedDeleteResource($1)",
        [&deleted](int kind, int levelOrType, std::string identifier, std::optional<int64_t> compressedSize,
                   std::optional<int64_t> uncompressedSize, std::optional<int> compressionType,
                   std::string compressedHash, std::string uncompressedHash, Binary customData)
        {
          if (kind == DELETED_ATTACHMENT)
          {
            Attachment attachment;
            attachment.uuid = std::move(identifier);
            attachment.contentType = levelOrType;
            attachment.uncompressedSize = static_cast<uint64_t>(uncompressedSize.value_or(0));
            attachment.uncompressedHash = std::move(uncompressedHash);
            attachment.compressionType = compressionType.value_or(0);
            attachment.compressedSize = static_cast<uint64_t>(compressedSize.value_or(0));
            attachment.compressedHash = std::move(compressedHash);
            attachment.customData = std::move(customData.bytes);
            deleted.attachments.push_back(std::move(attachment));
            return;
          }
          ResourceReference resource{static_cast<ResourceLevel>(levelOrType), std::move(identifier)};
          if (kind == DELETED_RESOURCE)
          {
            deleted.resources.push_back(std::move(resource));
          }
          else
          {
            deleted.remainingAncestor = std::move(resource);
          }
        },
        id);
    if (deleted.resources.empty())
    {
      throw RegistryError(ErrorCode::UnknownResource, "The resource to delete does not exist");
    }
    return deleted;
  }

  void PostgreSQLIndexDialect::HoldResource(Transaction& transaction, int64_t id) const
  {
    transaction.Execute("SELECT SharedHoldResource($1)", id);
  }

  void PostgreSQLIndexDialect::InsertContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                                             const std::vector<ResourceMetadata>& metadata) const
  {
    if (tags.empty() && metadata.empty())
    {
      return;
    }
    const TagColumns mainTags = GetDistinct(tags, false);
    const TagColumns identifiers = GetDistinct(tags, true);
    const MetadataColumns items = GetDistinct(metadata);
    transaction.Execute("WITH mainTags AS (INSERT INTO MainDicomTags (id, tagGroup, tagElement, value) "
                        "SELECT * FROM unnest($1, $2, $3, $4)), "
                        "identifiers AS (INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value) "
                        "SELECT * FROM unnest($5, $6, $7, $8)) "
                        "INSERT INTO Metadata (id, type, value, revision) "
                        "SELECT u.id, u.type, u.value, 0 FROM unnest($9, $10, $11) AS u (id, type, value)",
                        mainTags.ids, mainTags.groups, mainTags.elements, mainTags.values, identifiers.ids,
                        identifiers.groups, identifiers.elements, identifiers.values, items.ids, items.types,
                        items.values);
  }

  void PostgreSQLIndexDialect::MergeContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                                            const std::vector<ResourceMetadata>& metadata) const
  {
    const TagColumns mainTags = GetDistinct(tags, false);
    if (!mainTags.ids.empty())
    {
      transaction.Execute("INSERT INTO MainDicomTags (id, tagGroup, tagElement, value) "
                          "SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                          mainTags.ids, mainTags.groups, mainTags.elements, mainTags.values);
    }
    const TagColumns identifiers = GetDistinct(tags, true);
    if (!identifiers.ids.empty())
    {
      transaction.Execute("INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value) "
                          "SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                          identifiers.ids, identifiers.groups, identifiers.elements, identifiers.values);
    }

    // What is there already is not written again: the parents of an instance get the second of its arrival,
    // which they mostly have from the instance before. Everybody locks in the same order.
    const MetadataColumns items = GetDistinct(metadata);
    if (!items.ids.empty())
    {
      transaction.Execute(
          "INSERT INTO Metadata (id, type, value, revision) "
          "SELECT u.id, u.type, u.value, 0 FROM unnest($1, $2, $3) WITH ORDINALITY AS u (id, type, value, "
          "position) "
          "WHERE u.value IS DISTINCT FROM (SELECT m.value FROM Metadata m "
          "WHERE m.id = u.id AND m.type = u.type AND m.revision = 0) "
          "ORDER BY u.position "
          "ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision",
          items.ids, items.types, items.values);
    }
  }

  void PostgreSQLIndexDialect::PrepareChange(Transaction& transaction) const
  {
    transaction.Execute("SELECT SharedAnnounceChanges()");
  }

  void PostgreSQLIndexDialect::AskVisibleChangesLimit(Transaction& transaction, int64_t& limit) const
  {
    // The first branch is that of the function, which is not called if no number has been drawn meanwhile.
    transaction.QueryLater<int64_t>("SELECT CASE WHEN current_setting('registry.decided_changes', TRUE) = "
                                    "current_schema() || ':' || s.given "
                                    "THEN s.given ELSE SharedVisibleChangesLimit() END "
                                    "FROM (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 "
                                    "END AS given FROM Changes_seq_seq) s",
                                    [&limit](int64_t value)
                                    {
                                      limit = value;
                                    });
  }

  void PostgreSQLIndexDialect::PrepareExport(Transaction& transaction) const
  {
    transaction.Execute("SELECT SharedLockExports()");
  }

  bool PostgreSQLIndexDialect::IsHiddenMetadata(int /*type*/) const
  {
    return false;
  }

  void PostgreSQLIndexDialect::TouchPatient(Transaction& transaction, int64_t patient) const
  {
    transaction.Execute("SELECT SharedTouchPatient($1)", patient);
  }

  std::optional<int64_t> PostgreSQLIndexDialect::SelectPatientToRecycle(Transaction& transaction,
                                                                        int64_t avoid) const
  {
    if (transaction.GetMode() == AccessMode::ReadOnly)
    {
      const auto row = transaction.QueryOptional<int64_t>(
          "SELECT m.id FROM Metadata m WHERE m.type = 19 AND m.id <> $1 AND NOT EXISTS "
          "(SELECT FROM Metadata p WHERE p.id = m.id AND p.type = 18 AND p.value = 'true') "
          "ORDER BY CASE WHEN m.value ~ '^[0-9]{1,18}$' THEN CAST(m.value AS BIGINT) ELSE 0 END, m.id LIMIT "
          "1",
          avoid);
      return row ? std::make_optional(std::get<0>(*row)) : std::nullopt;
    }

    // If everybody who was there when the statement began is gone once his lock is granted, those who have
    // come meanwhile are looked at.
    std::optional<std::tuple<int64_t>> row;
    for (int attempt = 0; attempt < 2 && !row; attempt++)
    {
      row = transaction.QueryOptional<int64_t>(
          "SELECT r.internalId FROM Metadata m JOIN Resources r ON r.internalId = m.id "
          "WHERE m.type = 19 AND m.id <> $1 AND NOT EXISTS "
          "(SELECT FROM Metadata p WHERE p.id = m.id AND p.type = 18 AND p.value = 'true') "
          "ORDER BY CASE WHEN m.value ~ '^[0-9]{1,18}$' THEN CAST(m.value AS BIGINT) ELSE 0 END, m.id LIMIT "
          "1 "
          "FOR UPDATE OF r",
          avoid);
    }
    return row ? std::make_optional(std::get<0>(*row)) : std::nullopt;
  }

  bool PostgreSQLIndexDialect::FoldStatistics(Transaction& transaction) const
  {
    return transaction.QueryValue<int64_t>("SELECT SharedFoldStatistics($1)", FOLD_BATCH) == FOLD_BATCH;
  }

  std::string_view PostgreSQLIndexDialect::GetKeyValuesQuery() const
  {
    return "SELECT key, value FROM KeyValueStores WHERE storeId = $1 AND key COLLATE \"C\" >= $2 "
           "AND ($3 = 0 OR key <> $2) ORDER BY key COLLATE \"C\" LIMIT $4";
  }

  // By the age of the transaction that has written the row: nothing else of it is a time
  std::string_view PostgreSQLIndexDialect::GetServerPropertiesQuery() const
  {
    return "SELECT server, COALESCE(value, '') FROM ServerProperties WHERE property = $1 "
           "ORDER BY age(xmin), server";
  }

  AuditLogsSql PostgreSQLIndexDialect::GetAuditLogsSql() const
  {
    // "ts" is the local time of the session, as NOW() has written it. A bare "ctid" in the order would be the
    // text.
    return {"SELECT CAST(EXTRACT(EPOCH FROM CAST(ts AS TIMESTAMPTZ)) * 1000000 AS BIGINT), "
            "CAST(ctid AS TEXT), sourcePlugin, userId, resourceType, resourceId, action, logData "
            "FROM AuditLogs WHERE (ts, ctid) > "
            "(CAST(TIMESTAMPTZ 'epoch' + $1 * INTERVAL '1 microsecond' AS TIMESTAMP), CAST($2 AS TID)) "
            "AND ts < CAST(TIMESTAMPTZ 'epoch' + $3 * INTERVAL '1 microsecond' AS TIMESTAMP)",
            "AuditLogs.ts, AuditLogs.ctid", "(0,0)"};
  }
}
