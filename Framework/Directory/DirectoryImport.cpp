// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryImport.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "Framework/Directory/DirectoryHistory.h"

#include <map>
#include <set>
#include <vector>

namespace OrthancRegistry::DirectoryImport
{
  namespace
  {
    constexpr RetryPolicy POLICY{.isRepeatable = true};
    constexpr int64_t FIRST_REVISION = 1;

    // Global properties of the core
    constexpr int MODALITIES_PROPERTY = 20;
    constexpr int PEERS_PROPERTY = 21;

    struct Candidate
    {
      DirectoryValue value;
      std::string origin;
    };

    std::string Quote(const std::string& text)
    {
      return "\"" + text + "\"";
    }

    // The entries of several sources, where the first one to name an entry wins.
    class Merger
    {
    public:
      Merger(DirectoryKind kind, std::set<std::string> taken) : kind_(kind), taken_(std::move(taken))
      {
      }

      void AddText(const std::string& origin, const std::string& text)
      {
        Json::Value list;
        if (TryParseJson(list, text))
        {
          Add(origin, list);
        }
        else
        {
          Warn(origin, "is no valid JSON and has been left out");
        }
      }

      void Add(const std::string& origin, const Json::Value& list)
      {
        if (!list.isObject())
        {
          Warn(origin, "is no JSON object and has been left out");
          return;
        }
        for (const std::string& name : list.getMemberNames())
        {
          AddEntry(origin, name, list[name]);
        }
      }

      const std::map<std::string, Candidate>& GetEntries() const
      {
        return entries_;
      }

      const std::vector<std::string>& GetWarnings() const
      {
        return warnings_;
      }

    private:
      void AddEntry(const std::string& origin, const std::string& name, const Json::Value& entry)
      {
        if (!DirectoryFormat::IsValidName(name))
        {
          Warn(origin, "has the name " + Quote(name) + ", which is not valid: the entry has been left out");
          return;
        }
        try
        {
          AddValue(origin, name, DirectoryFormat::Parse(kind_, entry));
        }
        catch (const RegistryError& e)
        {
          Warn(origin, "has the entry " + Quote(name) + ", which has been left out: " + e.what());
        }
      }

      void AddValue(const std::string& origin, const std::string& name, const DirectoryValue& value)
      {
        if (taken_.contains(name))
        {
          return;
        }
        const auto [found, isNew] = entries_.insert({name, Candidate{value, origin}});
        const Candidate& kept = found->second;
        if (!isNew && kept.value != value)
        {
          Warn(origin, "has the entry " + Quote(name) + " as " + Show(value) + ", but that of " +
                           kept.origin + " is newer and has been kept: " + Show(kept.value));
        }
      }

      std::string Show(const DirectoryValue& value) const
      {
        return WriteJson(DirectoryFormat::Mask(kind_, value));
      }

      void Warn(const std::string& origin, const std::string& problem)
      {
        warnings_.push_back(std::string("Import: the list of ") + DirectoryFormat::GetListName(kind_) +
                            " of " + origin + " " + problem);
      }

      DirectoryKind kind_;
      std::set<std::string> taken_;
      std::map<std::string, Candidate> entries_;
      std::vector<std::string> warnings_;
    };

    std::set<std::string> ReadNames(Transaction& transaction, DirectoryKind kind)
    {
      std::set<std::string> names;
      const auto add = [&names](std::string name)
      {
        names.insert(std::move(name));
      };
      if (kind == DirectoryKind::Modalities)
      {
        transaction.QueryEach<std::string>("SELECT name FROM SharedModalities", add);
      }
      else
      {
        transaction.QueryEach<std::string>("SELECT name FROM SharedPeers", add);
      }
      return names;
    }

    void InsertPeer(Transaction& transaction, int64_t version, const std::string& name,
                    const DirectoryValue& value, const SecretBox& box)
    {
      const SecretBox::Sealed sealed = box.Seal(DirectoryKind::Peers, name, value.secrets);
      const auto secrets = sealed.bytes.empty() ? std::nullopt : std::make_optional(Binary{sealed.bytes});
      transaction.Execute("INSERT INTO SharedPeers(name, revision, version, configuration, changedAt, "
                          "secrets, keyId) VALUES ($1, $2, $3, $4, SharedNow(), $5, $6)",
                          name, FIRST_REVISION, version, value.configuration, secrets, sealed.keyId);
    }

    // Answers the version of the list after it.
    int64_t Insert(Transaction& transaction, DirectoryKind kind, int64_t version, const Merger& merger,
                   const SecretBox& box, const std::string& replica)
    {
      for (const auto& [name, candidate] : merger.GetEntries())
      {
        version++;
        if (kind == DirectoryKind::Modalities)
        {
          transaction.Execute("INSERT INTO SharedModalities(name, revision, version, configuration, "
                              "changedAt) VALUES ($1, $2, $3, $4, SharedNow())",
                              name, FIRST_REVISION, version, candidate.value.configuration);
        }
        else
        {
          InsertPeer(transaction, version, name, candidate.value, box);
        }
        DirectoryHistory::Record(transaction, {kind,
                                               version,
                                               name,
                                               FIRST_REVISION,
                                               std::nullopt,
                                               candidate.value,
                                               "imported from " + candidate.origin,
                                               {"", "", replica}});
      }
      return version;
    }

    void AddServers(Transaction& transaction, DirectoryKind kind, std::string_view query, Merger& merger)
    {
      const int property = kind == DirectoryKind::Modalities ? MODALITIES_PROPERTY : PEERS_PROPERTY;
      for (const auto& [server, text] : transaction.Query<std::string, std::string>(query, property))
      {
        merger.AddText("server " + server, text);
      }
    }

    void AddFile(DirectoryKind kind, const Json::Value& configuration, Merger& merger)
    {
      const char* const section = kind == DirectoryKind::Modalities ? "DicomModalities" : "OrthancPeers";
      if (configuration.isMember(section))
      {
        merger.Add("the configuration file", configuration[section]);
      }
    }

    Merger ImportList(Transaction& transaction, DirectoryKind kind,
                      const DirectoryConfiguration& configuration, const SecretBox& box,
                      const Sources& sources, const std::string& replica)
    {
      const auto [version, importedAt] =
          transaction
              .QueryOptional<int64_t, std::optional<int64_t>>(
                  "SELECT version, importedAt FROM SharedDirectories WHERE kind = $1 FOR UPDATE", kind)
              .value();
      Merger merger(kind, ReadNames(transaction, kind));
      if (!importedAt)
      {
        AddServers(transaction, kind, sources.serverPropertiesQuery, merger);
      }
      if (configuration.isFileImported && version == 0 && merger.GetEntries().empty())
      {
        AddFile(kind, sources.configuration, merger);
      }
      const int64_t last = Insert(transaction, kind, version, merger, box, replica);
      if (!importedAt || last != version)
      {
        transaction.Execute("UPDATE SharedDirectories SET version = $2, importedAt = COALESCE(importedAt, "
                            "SharedNow()) WHERE kind = $1",
                            kind, last);
      }
      return merger;
    }
  }

  void Run(IDatabase& database, const DirectoryConfiguration& configuration, const SecretBox& box,
           const Sources& sources, const std::string& replica)
  {
    for (const DirectoryKind kind : {DirectoryKind::Modalities, DirectoryKind::Peers})
    {
      if (kind == DirectoryKind::Modalities ? !configuration.areModalitiesShared
                                            : !configuration.arePeersShared)
      {
        continue;
      }
      const Merger merger = RunTransaction(
          database, AccessMode::ReadWrite,
          [&](Transaction& transaction)
          {
            return ImportList(transaction, kind, configuration, box, sources, replica);
          },
          POLICY);
      for (const std::string& warning : merger.GetWarnings())
      {
        LogWarning(warning);
      }
      if (!merger.GetEntries().empty())
      {
        LogWarning("Import: " + std::to_string(merger.GetEntries().size()) + " " +
                   DirectoryFormat::GetListName(kind) + " are shared by all replicas from now on");
      }
    }
  }
}
