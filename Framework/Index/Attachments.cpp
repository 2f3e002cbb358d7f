// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Attachments.h"

#include "Framework/Database/CommitProof.h"

namespace OrthancRegistry::Attachments
{
  namespace
  {
    using Row = std::optional<std::tuple<std::string, int64_t, std::string, int, int64_t, std::string,
                                         std::optional<Binary>, int64_t>>;

    Row Read(Transaction& transaction, int64_t id, int contentType)
    {
      return transaction.QueryOptional<std::string, int64_t, std::string, int, int64_t, std::string,
                                       std::optional<Binary>, int64_t>(
          "SELECT uuid, COALESCE(uncompressedSize, 0), COALESCE(uncompressedHash, ''), "
          "COALESCE(compressionType, 0), "
          "COALESCE(compressedSize, 0), COALESCE(compressedHash, ''), customData, "
          "COALESCE(revision, 0) FROM AttachedFiles WHERE id = $1 AND fileType = $2",
          id, contentType);
    }

    Row ReadAndLock(Transaction& transaction, int64_t id, int contentType)
    {
      return transaction.QueryOptional<std::string, int64_t, std::string, int, int64_t, std::string,
                                       std::optional<Binary>, int64_t>(
          "SELECT uuid, COALESCE(uncompressedSize, 0), COALESCE(uncompressedHash, ''), "
          "COALESCE(compressionType, 0), "
          "COALESCE(compressedSize, 0), COALESCE(compressedHash, ''), customData, "
          "COALESCE(revision, 0) FROM AttachedFiles WHERE id = $1 AND fileType = $2 FOR UPDATE",
          id, contentType);
    }

    AttachmentWithRevision Convert(Row& row, int contentType)
    {
      auto& [uuid, uncompressedSize, uncompressedHash, compressionType, compressedSize, compressedHash,
             customData, revision] = row.value();
      AttachmentWithRevision result;
      result.attachment.uuid = std::move(uuid);
      result.attachment.contentType = contentType;
      result.attachment.uncompressedSize = static_cast<uint64_t>(uncompressedSize);
      result.attachment.uncompressedHash = std::move(uncompressedHash);
      result.attachment.compressionType = compressionType;
      result.attachment.compressedSize = static_cast<uint64_t>(compressedSize);
      result.attachment.compressedHash = std::move(compressedHash);
      result.attachment.customData = customData ? std::move(customData->bytes) : std::string();
      result.revision = revision;
      return result;
    }

    [[noreturn]] void ThrowUnknown(const std::string& uuid)
    {
      throw RegistryError(ErrorCode::UnknownResource, "No attachment has the UUID " + uuid);
    }
  }

  void Add(IndexTransaction& t, int64_t id, const Attachment& attachment, int64_t revision)
  {
    t.Hold(id);
    t.transaction.Execute(
        "INSERT INTO AttachedFiles (id, fileType, uuid, compressedSize, uncompressedSize, compressionType, "
        "uncompressedHash, compressedHash, revision, customData) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
        "$10)",
        id, attachment.contentType, attachment.uuid, attachment.compressedSize, attachment.uncompressedSize,
        attachment.compressionType, attachment.uncompressedHash, attachment.compressedHash, revision,
        Binary{attachment.customData});

    // The core removes the files of an instance whose COMMIT has failed, so it must not be told so wrongly.
    SetCommitProof(t.transaction, "SELECT 1 FROM AttachedFiles WHERE uuid = $1", attachment.uuid);
  }

  std::optional<Attachment> Delete(IndexTransaction& t, int64_t id, int contentType)
  {
    Row row = t.transaction.QueryOptional<std::string, int64_t, std::string, int, int64_t, std::string,
                                          std::optional<Binary>, int64_t>(
        "DELETE FROM AttachedFiles WHERE id = $1 AND fileType = $2 RETURNING uuid, "
        "COALESCE(uncompressedSize, 0), COALESCE(uncompressedHash, ''), COALESCE(compressionType, 0), "
        "COALESCE(compressedSize, 0), COALESCE(compressedHash, ''), "
        "customData, COALESCE(revision, 0)",
        id, contentType);
    return row ? std::make_optional(Convert(row, contentType).attachment) : std::nullopt;
  }

  std::optional<AttachmentWithRevision> Lookup(IndexTransaction& t, int64_t id, int contentType)
  {
    if (t.transaction.GetMode() == AccessMode::ReadOnly)
    {
      Row row = Read(t.transaction, id, contentType);
      return row ? std::make_optional(Convert(row, contentType)) : std::nullopt;
    }

    Row row = ReadAndLock(t.transaction, id, contentType);
    if (!row)
    {
      // Nothing to lock: whoever is about to make it waits at the resource.
      t.transaction.Execute("SELECT internalId FROM Resources WHERE internalId = $1 FOR UPDATE", id);
      row = ReadAndLock(t.transaction, id, contentType);
    }
    return row ? std::make_optional(Convert(row, contentType)) : std::nullopt;
  }

  std::vector<int> List(IndexTransaction& t, int64_t id)
  {
    std::vector<int> types;
    t.transaction.QueryEach<int>(
        "SELECT fileType FROM AttachedFiles WHERE id = $1 ORDER BY fileType",
        [&types](int type)
        {
          types.push_back(type);
        },
        id);
    return types;
  }

  std::string GetCustomData(IndexTransaction& t, const std::string& uuid)
  {
    const auto rows = t.transaction.Query<std::optional<Binary>>(
        "SELECT customData FROM AttachedFiles WHERE uuid = $1 LIMIT 1", uuid);
    if (rows.empty())
    {
      ThrowUnknown(uuid);
    }
    return std::get<0>(rows.front()).value_or(Binary()).bytes;
  }

  void SetCustomData(IndexTransaction& t, const std::string& uuid, const std::string& customData)
  {
    if (t.transaction.ExecuteCounted("UPDATE AttachedFiles SET customData = $2 WHERE uuid = $1", uuid,
                                     Binary{customData}) == 0)
    {
      ThrowUnknown(uuid);
    }
  }
}
