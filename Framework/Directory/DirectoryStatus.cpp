// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryStatus.h"

#include "Framework/Common/Time.h"
#include "Framework/Database/Retry.h"
#include "Framework/Directory/DirectoryTypes.h"

namespace OrthancRegistry
{
  namespace
  {
    Json::Value FormatEntry(int64_t revision, int64_t version, Timestamp changedAt)
    {
      Json::Value entry(Json::objectValue);
      entry["Revision"] = Json::Value::Int64{revision};
      entry["Version"] = Json::Value::Int64{version};
      entry["ChangedAt"] = FormatTimestamp(changedAt);
      return entry;
    }

    Json::Value ReadModalities(Transaction& transaction)
    {
      Json::Value entries(Json::objectValue);
      transaction.QueryEach<std::string, int64_t, int64_t, Timestamp>(
          "SELECT name, revision, version, changedAt FROM SharedModalities WHERE configuration IS NOT NULL",
          [&entries](const std::string& name, int64_t revision, int64_t version, Timestamp changedAt)
          {
            entries[name] = FormatEntry(revision, version, changedAt);
          });
      return entries;
    }

    Json::Value ReadPeers(Transaction& transaction)
    {
      Json::Value entries(Json::objectValue);
      transaction.QueryEach<std::string, int64_t, int64_t, Timestamp, bool, std::optional<std::string>>(
          "SELECT name, revision, version, changedAt, CASE WHEN secrets IS NULL THEN 0 ELSE 1 END, keyId "
          "FROM SharedPeers WHERE configuration IS NOT NULL",
          [&entries](const std::string& name, int64_t revision, int64_t version, Timestamp changedAt,
                     bool hasSecrets, const std::optional<std::string>& keyId)
          {
            Json::Value& entry = entries[name];
            entry = FormatEntry(revision, version, changedAt);
            entry["HasSecrets"] = hasSecrets;
            entry["Encrypted"] = keyId.has_value();
            if (keyId)
            {
              entry["KeyId"] = *keyId;
            }
          });
      return entries;
    }

    Json::Value ReadProblems(Transaction& transaction, DirectoryKind kind)
    {
      Json::Value problems(Json::arrayValue);
      transaction.QueryEach<std::string, std::string, std::string, int64_t, std::string, Timestamp>(
          "SELECT name, replica, serverIdentifier, revision, reason, since FROM SharedDirectoryProblems "
          "WHERE kind = $1 ORDER BY name, serverIdentifier",
          [&problems](const std::string& name, const std::string& replica, const std::string& server,
                      int64_t revision, const std::string& reason, Timestamp since)
          {
            Json::Value& problem = problems.append(Json::objectValue);
            problem["Name"] = name;
            problem["Replica"] = replica;
            problem["ServerIdentifier"] = server;
            problem["Revision"] = Json::Value::Int64{revision};
            problem["Reason"] = reason;
            problem["Since"] = FormatTimestamp(since);
          },
          kind);
      return problems;
    }

    Json::Value ReadList(Transaction& transaction, DirectoryKind kind, bool isShared)
    {
      Json::Value list(Json::objectValue);
      list["Shared"] = isShared;
      if (isShared)
      {
        list["Version"] = Json::Value::Int64{
            transaction.QueryValue<int64_t>("SELECT version FROM SharedDirectories WHERE kind = $1", kind)};
        list["Entries"] =
            kind == DirectoryKind::Modalities ? ReadModalities(transaction) : ReadPeers(transaction);
        list["Count"] = list["Entries"].size();
        list["Problems"] = ReadProblems(transaction, kind);
      }
      return list;
    }
  }

  Json::Value ReadDirectoryStatus(IDatabase& database, const DirectoryConfiguration& configuration)
  {
    return RunTransaction(database, AccessMode::ReadOnly,
                          [&configuration](Transaction& transaction)
                          {
                            Json::Value status(Json::objectValue);
                            status["Frozen"] = configuration.isFrozen;
                            status["Modalities"] = ReadList(transaction, DirectoryKind::Modalities,
                                                            configuration.areModalitiesShared);
                            status["Peers"] =
                                ReadList(transaction, DirectoryKind::Peers, configuration.arePeersShared);
                            return status;
                          });
  }
}
