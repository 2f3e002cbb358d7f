// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Json.h"
#include "Framework/Database/Retry.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "Framework/Directory/SecretBox.h"
#include "UnitTests/Directory/KeyFiles.h"
#include "UnitTests/LogCapture.h"
#include "UnitTests/TestDatabases.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  // The tables of shared modalities and peers, without what keeps a core in step with them
  class SecretsTest : public EngineTest
  {
  protected:
    static constexpr auto MODALITIES = DirectoryKind::Modalities;
    static constexpr auto PEERS = DirectoryKind::Peers;

    static inline const std::string KEY = std::string(64, 'a');
    static inline const std::string OTHER_KEY = std::string(64, 'b');

    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Index");
      database_->Migrate("Directory");
    }

    template <typename... Arguments>
    void Execute(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql, arguments...);
      transaction.Commit();
    }

    template <typename Column, typename... Arguments>
    Column QueryValue(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<Column>(sql, arguments...);
    }

    SecretBox MakeBox(const std::string& current, const std::vector<std::string>& old = {})
    {
      return SecretBox(files_.MakeConfiguration(current, old));
    }

    int64_t GetVersion(DirectoryKind kind)
    {
      return QueryValue<int64_t>("SELECT version FROM SharedDirectories WHERE kind = $1", kind);
    }

    static DirectoryValue MakePeer(const std::string& text)
    {
      return DirectoryFormat::Parse(PEERS, ParseJson(text));
    }

    void InsertPeer(const SecretBox& box, const std::string& name, const DirectoryValue& value)
    {
      const SecretBox::Sealed sealed = box.Seal(PEERS, name, value.secrets);
      const auto secrets = sealed.bytes.empty() ? std::nullopt : std::make_optional(Binary{sealed.bytes});
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      const auto version = transaction.QueryValue<int64_t>(
          "UPDATE SharedDirectories SET version = version + 1 WHERE kind = 1 RETURNING version");
      transaction.Execute(
          "INSERT INTO SharedPeers(name, revision, version, configuration, changedAt, secrets, "
          "keyId) VALUES ($1, 1, $2, $3, SharedNow(), $4, $5)",
          name, version, value.configuration, secrets, sealed.keyId);
      transaction.Commit();
    }

    // The peer of that name, nothing if it is absent or cannot be read with the keys of the box
    std::optional<Json::Value> ReadPeer(IDatabase& database, const SecretBox& box, const std::string& name)
    {
      Transaction transaction(database, AccessMode::ReadOnly);
      const auto row =
          transaction.QueryOptional<std::string, std::optional<Binary>, std::optional<std::string>>(
              "SELECT configuration, secrets, keyId FROM SharedPeers WHERE name = $1 AND configuration IS "
              "NOT NULL",
              name);
      if (!row)
      {
        return std::nullopt;
      }
      const auto& [configuration, secrets, keyId] = *row;
      std::string reason;
      const auto open = box.Open(PEERS, name, {secrets ? secrets->bytes : "", keyId}, reason);
      return open ? std::make_optional(DirectoryFormat::Format(PEERS, {configuration, *open})) : std::nullopt;
    }

    std::optional<Json::Value> ReadPeer(const SecretBox& box, const std::string& name)
    {
      return ReadPeer(GetDatabase(), box, name);
    }

    // Everything in the tables of the directory
    std::string Dump()
    {
      std::string dump;
      const auto add = [&dump](const std::optional<std::string>& text)
      {
        dump += text.value_or("NULL") + "|";
      };
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      transaction.QueryEach<std::string, std::optional<std::string>, std::optional<Binary>,
                            std::optional<std::string>>(
          "SELECT name, configuration, secrets, keyId FROM SharedPeers ORDER BY name",
          [&](const std::string& name, const std::optional<std::string>& configuration,
              const std::optional<Binary>& secrets, const std::optional<std::string>& keyId)
          {
            add(name);
            add(configuration);
            add(secrets ? secrets->bytes : "");
            add(keyId);
          });
      transaction.QueryEach<std::string, std::optional<std::string>>(
          "SELECT name, configuration FROM SharedModalities ORDER BY name",
          [&](const std::string& name, const std::optional<std::string>& configuration)
          {
            add(name);
            add(configuration);
          });
      transaction.QueryEach<std::string, std::optional<std::string>, std::optional<std::string>, std::string>(
          "SELECT name, oldValue, newValue, reason FROM SharedDirectoryHistory ORDER BY kind, version",
          [&](const std::string& name, const std::optional<std::string>& before,
              const std::optional<std::string>& after, const std::string& reason)
          {
            add(name);
            add(before);
            add(after);
            add(reason);
          });
      return dump;
    }

    KeyFiles files_;
  };
}
