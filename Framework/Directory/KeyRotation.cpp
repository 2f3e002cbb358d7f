// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/KeyRotation.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr RetryPolicy POLICY{.isRepeatable = true};
    constexpr auto PEERS = DirectoryKind::Peers;

    struct Row
    {
      std::string name;
      int64_t revision = 0;
      std::string configuration;
      SecretBox::Sealed sealed;
    };

    std::vector<Row> ReadPeers(Transaction& transaction)
    {
      std::vector<Row> rows;
      transaction
          .QueryEach<std::string, int64_t, std::string, std::optional<Binary>, std::optional<std::string>>(
              "SELECT name, revision, configuration, secrets, keyId FROM SharedPeers "
              "WHERE configuration IS NOT NULL ORDER BY name FOR UPDATE",
              [&rows](std::string name, int64_t revision, std::string configuration,
                      std::optional<Binary> secrets, std::optional<std::string> keyId)
              {
                rows.push_back({std::move(name),
                                revision,
                                std::move(configuration),
                                {secrets ? std::move(secrets->bytes) : "", std::move(keyId)}});
              });
      return rows;
    }

    void SealAgain(Transaction& transaction, const SecretBox& box, const Row& row, const std::string& secrets,
                   int64_t version, const DirectoryAuthor& author)
    {
      const SecretBox::Sealed sealed = box.Seal(PEERS, row.name, secrets);
      transaction.Execute("UPDATE SharedPeers SET version = $2, secrets = $3, keyId = $4 WHERE name = $1",
                          row.name, version, Binary{sealed.bytes}, sealed.keyId);
      const DirectoryValue value{row.configuration, secrets};
      DirectoryHistory::Record(transaction,
                               {PEERS, version, row.name, row.revision, value, value, "key rotated", author});
    }

    KeyRotation Rotate(Transaction& transaction, const SecretBox& box, const DirectoryAuthor& author)
    {
      auto version = transaction.QueryValue<int64_t>(
          "SELECT version FROM SharedDirectories WHERE kind = $1 FOR UPDATE", PEERS);
      KeyRotation result;
      for (const Row& row : ReadPeers(transaction))
      {
        std::string reason;
        const auto secrets = box.Open(PEERS, row.name, row.sealed, reason);
        if (!secrets)
        {
          result.unreadable.push_back(row.name);
        }
        else if (secrets->empty() || row.sealed.keyId == box.GetKeyId())
        {
          result.unchanged++;
        }
        else
        {
          version++;
          SealAgain(transaction, box, row, *secrets, version, author);
          result.rotated++;
        }
      }
      if (result.rotated > 0)
      {
        transaction.Execute("UPDATE SharedDirectories SET version = $2 WHERE kind = $1", PEERS, version);
      }
      return result;
    }
  }

  KeyRotation RotateKey(IDatabase& database, const SecretBox& box, const DirectoryAuthor& author)
  {
    if (!box.HasKey())
    {
      throw RegistryError(ErrorCode::BadRequest,
                          "There is no key to encrypt with: set the option \"Registry.SecretsKeyFile\" or "
                          "\"Registry.SecretsKeyVariable\" on all replicas, and restart them");
    }
    const KeyRotation result = RunTransaction(
        database, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          return Rotate(transaction, box, author);
        },
        POLICY);
    LogWarning("The secrets of " + std::to_string(result.rotated) +
               " peers have been encrypted with the key " + *box.GetKeyId() + ", " +
               std::to_string(result.unreadable.size()) + " cannot be read here");
    return result;
  }
}
