// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryConfiguration.h"
#include "Framework/Directory/DirectoryMirror.h"
#include "Framework/Directory/DirectoryStore.h"
#include "Framework/Index/IndexExtensions.h"

#include <functional>

namespace OrthancRegistry
{
  // The mirrors of both lists
  using DirectoryMirrors = std::array<DirectoryMirror, DIRECTORY_KINDS.size()>;

  inline DirectoryMirror& GetMirror(DirectoryMirrors& mirrors, DirectoryKind kind)
  {
    return mirrors.at(static_cast<size_t>(kind));
  }

  inline bool IsShared(const DirectoryConfiguration& configuration, DirectoryKind kind)
  {
    return kind == DirectoryKind::Modalities ? configuration.areModalitiesShared
                                             : configuration.arePeersShared;
  }

  // Where the core loads and saves its lists: they are served from the rows, and of what is saved only the
  // change is written. Nothing reaches the tables of properties, where passwords would be in the clear.
  // Thread-safe.
  class DirectoryEdge : public IPropertyOwner
  {
  public:
    // Who makes the change that the calling thread makes
    using GetAuthor = std::function<DirectoryAuthor(DirectoryKind kind, const std::string& name)>;

    // "onStray" is told that the memory of the core has to be put in order; must not wait. The references
    // must outlive this object.
    DirectoryEdge(const DirectoryConfiguration& configuration, std::string serverIdentifier,
                  const DirectoryStore& store, DirectoryMirrors& mirrors, GetAuthor getAuthor,
                  std::function<void()> onStray);

    bool Owns(const std::string& server, int property) const override;
    std::optional<std::string> Lookup(IndexTransaction& transaction, const std::string& server,
                                      int property) override;
    void Set(IndexTransaction& transaction, const std::string& server, int property,
             const std::string& value) override;

  private:
    void Write(IndexTransaction& transaction, DirectoryKind kind, const DirectoryMirror::Change& change);

    const DirectoryConfiguration& configuration_;
    const std::string serverIdentifier_;
    const DirectoryStore& store_;
    DirectoryMirrors& mirrors_;
    GetAuthor getAuthor_;
    std::function<void()> onStray_;
  };
}
