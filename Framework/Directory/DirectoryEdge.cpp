// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryEdge.h"

#include "Framework/Common/Json.h"
#include "Framework/Directory/DirectoryFormat.h"

#include <memory>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int PROPERTY_MODALITIES = 20; // of the core, one per server
    constexpr int PROPERTY_PEERS = 21;

    std::optional<DirectoryKind> GetKind(int property)
    {
      switch (property)
      {
      case PROPERTY_MODALITIES:
        return DirectoryKind::Modalities;
      case PROPERTY_PEERS:
        return DirectoryKind::Peers;
      default:
        return std::nullopt;
      }
    }

    // An entry that cannot be parsed keeps its place by its raw text, so that it does not spoil the others.
    DirectoryValues ParseList(DirectoryKind kind, const std::string& text)
    {
      const Json::Value list = ParseJson(text);
      if (!list.isObject())
      {
        throw RegistryError(ErrorCode::BadFileFormat, "The list that the core saves is not a JSON object");
      }
      DirectoryValues values;
      for (const std::string& name : list.getMemberNames())
      {
        try
        {
          values[name] = DirectoryFormat::Parse(kind, list[name]);
        }
        catch (const RegistryError&)
        {
          values[name] = {WriteJson(list[name]), ""};
        }
      }
      return values;
    }
  }

  DirectoryEdge::DirectoryEdge(const DirectoryConfiguration& configuration, std::string serverIdentifier,
                               const DirectoryStore& store, DirectoryMirrors& mirrors, GetAuthor getAuthor,
                               std::function<void()> onStray)
      : configuration_(configuration), serverIdentifier_(std::move(serverIdentifier)), store_(store),
        mirrors_(mirrors), getAuthor_(std::move(getAuthor)), onStray_(std::move(onStray))
  {
  }

  bool DirectoryEdge::Owns(const std::string& server, int property) const
  {
    const auto kind = GetKind(property);
    return kind && server == serverIdentifier_ && IsShared(configuration_, *kind);
  }

  std::optional<std::string> DirectoryEdge::Lookup(IndexTransaction& transaction,
                                                   const std::string& /*server*/, int property)
  {
    const DirectoryKind kind = GetKind(property).value();
    const auto rows = store_.ReadSince(transaction.transaction, kind, 0);
    Json::Value list = Json::objectValue;
    std::vector<DirectoryMirror::Row> loaded;
    std::set<std::string> leftOut;
    for (const DirectoryEntry& entry : rows.entries)
    {
      const Json::Value formatted = entry.value ? DirectoryFormat::Format(kind, *entry.value) : Json::Value();
      if (entry.value && DirectoryFormat::IsSurelyLoadable(kind, entry.name, formatted))
      {
        list[entry.name] = formatted;
        loaded.push_back({entry.name, entry.revision, entry.value});
      }
      else if (entry.value || !entry.problem.empty())
      {
        leftOut.insert(entry.name);
      }
    }
    GetMirror(mirrors_, kind).Load(loaded, leftOut, rows.version);
    return WriteJson(list);
  }

  void DirectoryEdge::Set(IndexTransaction& transaction, const std::string& /*server*/, int property,
                          const std::string& value)
  {
    const DirectoryKind kind = GetKind(property).value();
    const DirectoryValues saved = ParseList(kind, value);
    DirectoryMirror& mirror = GetMirror(mirrors_, kind);
    if (const auto* scope = MaterializingScope::Find(kind))
    {
      mirror.OnMaterialized(saved, scope->name, scope->revision);
      return;
    }
    std::optional<DirectoryMirror::Change> change;
    try
    {
      change = mirror.Compare(saved);
    }
    catch (const RegistryError&)
    {
      onStray_();
      throw;
    }
    // What this core has already is written as well if the client insists on a revision, which the lock of
    // the list alone can tell.
    const auto* scope = ExpectingScope::Find(kind);
    if (!change && scope != nullptr && !scope->expectation.IsAnything())
    {
      const auto found = saved.find(scope->name);
      change = {scope->name, found == saved.end() ? std::nullopt : std::make_optional(found->second)};
    }
    if (change)
    {
      Write(transaction, kind, *change);
    }
  }

  void DirectoryEdge::Write(IndexTransaction& transaction, DirectoryKind kind,
                            const DirectoryMirror::Change& change)
  {
    // From here on the end of the transaction decides, whatever happens in between.
    const auto outcome = std::make_shared<DirectoryStore::Outcome>();
    transaction.endHandlers.emplace_back(
        [this, kind, change, outcome](bool isCommitted)
        {
          DirectoryMirror& mirror = GetMirror(mirrors_, kind);
          if (isCommitted)
          {
            mirror.OnWritten(change, outcome->revision);
          }
          else
          {
            mirror.OnNotWritten(change);
            onStray_();
          }
        });
    if (configuration_.isFrozen)
    {
      throw RegistryError(
          ErrorCode::ForbiddenAccess,
          "The modalities and peers must not be changed: option \"Registry.FreezeDirectory\"");
    }
    DirectoryStore::Write write;
    write.kind = kind;
    write.name = change.name;
    if (change.value)
    {
      // What is not readable here is refused with the reason, before it reaches others.
      write.value = DirectoryFormat::Parse(kind, DirectoryFormat::Format(kind, *change.value));
    }
    const auto* scope = ExpectingScope::Find(kind);
    if (scope != nullptr && scope->name == change.name)
    {
      write.expectation = scope->expectation;
    }
    write.author = getAuthor_(kind, change.name);
    *outcome = store_.Apply(transaction.transaction, write);
  }
}
