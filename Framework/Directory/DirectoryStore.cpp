// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryStore.h"

#include "Framework/Directory/DirectoryFormat.h"

namespace OrthancRegistry
{
  namespace
  {
    bool IsThere(const DirectoryEntry& entry)
    {
      return entry.value || !entry.problem.empty();
    }

    void CheckExpectation(const DirectoryStore::Write& write, const DirectoryEntry& row)
    {
      const auto revision = IsThere(row) ? std::make_optional(row.revision) : std::nullopt;
      if (!write.expectation.IsMetBy(revision))
      {
        throw RegistryError(
            ErrorCode::Revision,
            std::string("The ") + DirectoryFormat::GetEntryName(write.kind) + " " + write.name +
                (revision ? " has revision " + std::to_string(*revision) + " now" : " does not exist"));
      }
    }

    // Unreadable secrets are never what somebody writes.
    bool IsSame(const DirectoryEntry& row, const std::optional<DirectoryValue>& value)
    {
      return value ? row.value == value : !IsThere(row);
    }
  }

  DirectoryStore::DirectoryStore(const SecretBox& secrets, IMessageBus& bus) : secrets_(secrets), bus_(bus)
  {
  }

  std::map<DirectoryKind, int64_t> DirectoryStore::GetVersions(Transaction& transaction)
  {
    std::map<DirectoryKind, int64_t> versions;
    transaction.QueryEach<DirectoryKind, int64_t>("SELECT kind, version FROM SharedDirectories",
                                                  [&versions](DirectoryKind kind, int64_t version)
                                                  {
                                                    versions[kind] = version;
                                                  });
    return versions;
  }

  std::string_view DirectoryStore::GetVersionQuestion(DirectoryKind kind)
  {
    return kind == DirectoryKind::Modalities ? "(SELECT version FROM SharedDirectories WHERE kind = 0)"
                                             : "(SELECT version FROM SharedDirectories WHERE kind = 1)";
  }

  DirectoryEntry DirectoryStore::MakeEntry(DirectoryKind kind, DirectoryEntry entry,
                                           const std::optional<std::string>& configuration,
                                           const std::optional<Binary>& secrets,
                                           const std::optional<std::string>& keyId) const
  {
    if (!configuration)
    {
      return entry;
    }
    std::optional<std::string> opened = "";
    if (secrets)
    {
      opened = secrets_.Open(kind, entry.name, {secrets->bytes, keyId}, entry.problem);
    }
    if (!opened)
    {
      entry.problem = entry.problem.empty() ? "Its secrets cannot be read" : entry.problem;
      return entry;
    }
    DirectoryValue value{*configuration, *opened};
    try
    {
      DirectoryFormat::Format(kind, value);
      entry.value = std::move(value);
    }
    catch (const RegistryError& error) // written by hand
    {
      entry.problem = error.what();
    }
    return entry;
  }

  // The version is read by a statement of its own before the entries: what is committed in between is
  // delivered, and once more the next time.
  DirectoryStore::Entries DirectoryStore::ReadSince(Transaction& transaction, DirectoryKind kind,
                                                    int64_t version) const
  {
    Entries result;
    transaction.QueryLater<int64_t>(
        "SELECT version FROM SharedDirectories WHERE kind = $1",
        [&result](int64_t current)
        {
          result.version = current;
        },
        kind);
    if (kind == DirectoryKind::Modalities)
    {
      transaction.QueryEach<std::string, int64_t, int64_t, std::optional<std::string>>(
          "SELECT name, revision, version, configuration FROM SharedModalities WHERE version > $1 ORDER BY "
          "version",
          [&](std::string name, int64_t revision, int64_t entryVersion,
              const std::optional<std::string>& configuration)
          {
            result.entries.push_back(MakeEntry(
                kind, {std::move(name), revision, entryVersion, std::nullopt, ""}, configuration, {}, {}));
          },
          version);
      return result;
    }
    transaction.QueryEach<std::string, int64_t, int64_t, std::optional<std::string>, std::optional<Binary>,
                          std::optional<std::string>>(
        "SELECT name, revision, version, configuration, secrets, keyId FROM SharedPeers WHERE version > $1 "
        "ORDER BY version",
        [&](std::string name, int64_t revision, int64_t entryVersion,
            const std::optional<std::string>& configuration, const std::optional<Binary>& secrets,
            const std::optional<std::string>& keyId)
        {
          result.entries.push_back(MakeEntry(kind,
                                             {std::move(name), revision, entryVersion, std::nullopt, ""},
                                             configuration, secrets, keyId));
        },
        version);
    return result;
  }

  std::vector<DirectoryEntry> DirectoryStore::ReadNamed(Transaction& transaction, DirectoryKind kind,
                                                        const std::vector<std::string>& names) const
  {
    std::map<std::string, DirectoryEntry> found;
    for (const std::string& name : names)
    {
      found[name].name = name;
    }
    if (kind == DirectoryKind::Modalities)
    {
      transaction.QueryEach<std::string, int64_t, int64_t, std::optional<std::string>>(
          "SELECT name, revision, version, configuration FROM SharedModalities WHERE name = ANY($1)",
          [&](const std::string& name, int64_t revision, int64_t version,
              const std::optional<std::string>& configuration)
          {
            found[name] = MakeEntry(kind, {name, revision, version, std::nullopt, ""}, configuration, {}, {});
          },
          names);
    }
    else
    {
      transaction.QueryEach<std::string, int64_t, int64_t, std::optional<std::string>, std::optional<Binary>,
                            std::optional<std::string>>(
          "SELECT name, revision, version, configuration, secrets, keyId FROM SharedPeers WHERE name = "
          "ANY($1)",
          [&](const std::string& name, int64_t revision, int64_t version,
              const std::optional<std::string>& configuration, const std::optional<Binary>& secrets,
              const std::optional<std::string>& keyId)
          {
            found[name] =
                MakeEntry(kind, {name, revision, version, std::nullopt, ""}, configuration, secrets, keyId);
          },
          names);
    }
    std::vector<DirectoryEntry> entries;
    for (auto& [name, entry] : found)
    {
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  DirectoryStore::Outcome DirectoryStore::Apply(Transaction& transaction, const Write& write) const
  {
    if (write.value && !DirectoryFormat::IsValidName(write.name))
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          std::string("The name of a ") + DirectoryFormat::GetEntryName(write.kind) +
                              " consists of letters, digits, \"-\" and \"_\", at most 1000 altogether");
    }
    // A statement of its own: what the others read must have been committed before the lock was given.
    auto version = transaction.QueryValue<int64_t>(
        "SELECT version FROM SharedDirectories WHERE kind = $1 FOR UPDATE", write.kind);
    const DirectoryEntry row = ReadNamed(transaction, write.kind, {write.name}).front();
    CheckExpectation(write, row);
    if (IsSame(row, write.value))
    {
      return {row.revision, false};
    }

    const int64_t revision = row.revision + 1;
    version++;
    transaction.Execute("UPDATE SharedDirectories SET version = $2 WHERE kind = $1", write.kind, version);
    WriteRow(transaction, write, revision, version);
    transaction.Execute("DELETE FROM SharedDirectoryProblems WHERE kind = $1 AND name = $2", write.kind,
                        write.name);
    DirectoryHistory::Record(transaction, {write.kind, version, write.name, revision, row.value, write.value,
                                           write.reason, write.author});
    bus_.Publish(transaction, std::string(MESSAGE_PREFIX) + std::to_string(static_cast<int>(write.kind)) +
                                  ":" + std::to_string(version));
    return {revision, true};
  }

  void DirectoryStore::WriteRow(Transaction& transaction, const Write& write, int64_t revision,
                                int64_t version) const
  {
    const auto configuration = write.value ? std::make_optional(write.value->configuration) : std::nullopt;
    if (write.kind == DirectoryKind::Modalities)
    {
      transaction.Execute(
          "INSERT INTO SharedModalities(name, revision, version, configuration, changedAt) VALUES ($1, $2, "
          "$3, $4, SharedNow()) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, version = "
          "excluded.version, configuration = excluded.configuration, changedAt = excluded.changedAt",
          write.name, revision, version, configuration);
      return;
    }
    std::optional<Binary> secrets;
    std::optional<std::string> keyId;
    if (write.value && !write.value->secrets.empty())
    {
      auto sealed = secrets_.Seal(write.kind, write.name, write.value->secrets);
      secrets = Binary{std::move(sealed.bytes)};
      keyId = std::move(sealed.keyId);
    }
    transaction.Execute(
        "INSERT INTO SharedPeers(name, revision, version, configuration, changedAt, secrets, keyId) VALUES "
        "($1, $2, $3, $4, SharedNow(), $5, $6) ON CONFLICT (name) DO UPDATE SET revision = "
        "excluded.revision, version = excluded.version, configuration = excluded.configuration, changedAt = "
        "excluded.changedAt, secrets = excluded.secrets, keyId = excluded.keyId",
        write.name, revision, version, configuration, secrets, keyId);
  }
}
