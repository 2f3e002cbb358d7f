// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryHistory.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Database/Retry.h"
#include "Framework/Directory/DirectoryFormat.h"

namespace OrthancRegistry::DirectoryHistory
{
  namespace
  {
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};
    constexpr int64_t BATCH = 500;
    constexpr int64_t VERSIONS_BETWEEN_PRUNINGS = 100;

    std::optional<std::string> MaskText(DirectoryKind kind, const std::optional<DirectoryValue>& value)
    {
      return value ? std::make_optional(WriteJson(DirectoryFormat::Mask(kind, *value))) : std::nullopt;
    }
  }

  namespace
  {
    Json::Value ParseMasked(const std::optional<std::string>& text)
    {
      Json::Value value;
      return text && TryParseJson(value, *text) ? value : Json::Value();
    }

    void ReadEach(Transaction& transaction, const Filter& filter, Json::Value& target)
    {
      const auto kinds = filter.kind ? std::vector<int64_t>{static_cast<int64_t>(*filter.kind)}
                                     : std::vector<int64_t>{static_cast<int64_t>(DirectoryKind::Modalities),
                                                            static_cast<int64_t>(DirectoryKind::Peers)};
      transaction.QueryEach<DirectoryKind, int64_t, std::string, int64_t, Timestamp,
                            std::optional<std::string>, std::optional<std::string>, std::string, std::string,
                            std::string, std::string>(
          "SELECT kind, version, name, revision, changedAt, oldValue, newValue, reason, replica, userName, "
          "remoteIp FROM SharedDirectoryHistory WHERE kind = ANY($1) AND changedAt >= $2 "
          "AND ($3 = '' OR name = $3) ORDER BY changedAt DESC, kind DESC, version DESC LIMIT $4",
          [&target](DirectoryKind kind, int64_t version, const std::string& name, int64_t revision,
                    Timestamp changedAt, const std::optional<std::string>& before,
                    const std::optional<std::string>& after, const std::string& reason,
                    const std::string& replica, const std::string& user, const std::string& remoteIp)
          {
            Json::Value& change = target.append(Json::objectValue);
            change["Kind"] = DirectoryFormat::GetListName(kind);
            change["Version"] = Json::Value::Int64{version};
            change["Name"] = name;
            change["Revision"] = Json::Value::Int64{revision};
            change["Time"] = FormatTimestamp(changedAt);
            change["Before"] = ParseMasked(before);
            change["After"] = ParseMasked(after);
            change["Reason"] = reason;
            change["Replica"] = replica;
            change["User"] = user;
            change["RemoteIp"] = remoteIp;
          },
          kinds, filter.since, filter.name, filter.limit);
    }

    // Two at once find the same oldest change that remains, so what each of them removes is too much anyway.
    int64_t PruneBatch(Transaction& transaction, unsigned int size)
    {
      const auto oldest = transaction.QueryOptional<Timestamp, int64_t, int64_t>(
          "SELECT changedAt, kind, version FROM SharedDirectoryHistory "
          "ORDER BY changedAt DESC, kind DESC, version DESC LIMIT 1 OFFSET $1",
          size - 1);
      if (!oldest)
      {
        return 0;
      }
      const auto& [changedAt, kind, version] = *oldest;
      return transaction.ExecuteCounted(
          "WITH batch AS (SELECT kind, version FROM SharedDirectoryHistory "
          "WHERE (changedAt, kind, version) < ($1, $2, $3) ORDER BY changedAt, kind, version LIMIT $4 "
          "FOR UPDATE SKIP LOCKED) "
          "DELETE FROM SharedDirectoryHistory WHERE (kind, version) IN (SELECT kind, version FROM batch)",
          changedAt, kind, version, BATCH);
    }
  }

  void Record(Transaction& transaction, const Change& change)
  {
    transaction.Execute(
        "INSERT INTO SharedDirectoryHistory(kind, version, name, revision, changedAt, oldValue, newValue, "
        "reason, replica, userName, remoteIp) VALUES ($1, $2, $3, $4, SharedNow(), $5, $6, $7, $8, $9, $10)",
        change.kind, change.version, change.name, change.revision, MaskText(change.kind, change.before),
        MaskText(change.kind, change.after), ToStorableText(change.reason),
        ToStorableText(change.author.replica), ToStorableText(change.author.user),
        ToStorableText(change.author.remoteIp));
  }

  Json::Value Read(IDatabase& database, const Filter& filter)
  {
    return RunTransaction(database, AccessMode::ReadOnly,
                          [&filter](Transaction& transaction)
                          {
                            Json::Value changes(Json::arrayValue);
                            ReadEach(transaction, filter, changes);
                            return changes;
                          });
  }

  int64_t Prune(IDatabase& database, unsigned int size)
  {
    int64_t removed = 0;
    int64_t batch = size == 0 ? 0 : BATCH;
    while (batch == BATCH)
    {
      batch = RunTransaction(
          database, AccessMode::ReadWrite,
          [size](Transaction& transaction)
          {
            return PruneBatch(transaction, size);
          },
          BACKGROUND_POLICY);
      removed += batch;
    }
    return removed;
  }

  bool IsPruneDue(int64_t versionBefore, int64_t versionAfter)
  {
    return versionBefore / VERSIONS_BETWEEN_PRUNINGS != versionAfter / VERSIONS_BETWEEN_PRUNINGS;
  }
}
