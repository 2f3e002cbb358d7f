// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryMirror.h"
#include "Framework/Directory/DirectoryProblems.h"
#include "Framework/Directory/ICoreLists.h"

namespace OrthancRegistry
{
  // Brings single entries into the memory of the core. What it refuses is left out there and reported; a
  // database that fails is an exception. Used by one thread at a time, outside of transactions.
  class DirectoryApplier
  {
  public:
    // The references must outlive this object.
    // "isReadOnly": the core changes its memory, but fails to save it; and problems are only logged.
    DirectoryApplier(ICoreLists& core, IDatabase& database, const ReplicaIdentity& identity, bool isReadOnly);

    // Before the first entry
    void Begin();

    // What has been applied already is left alone, unless "isForced".
    void Apply(DirectoryMirror& mirror, DirectoryKind kind, const DirectoryEntry& entry, bool isForced);

    // Makes the core show its whole memory of that list, so that the mirror knows its strays.
    void Reveal(DirectoryMirror& mirror, DirectoryKind kind);

  private:
    void Remove(DirectoryMirror& mirror, DirectoryKind kind, const std::string& name, int64_t revision);

    ICoreLists& core_;
    DirectoryProblems problems_;
    const bool isReadOnly_;
    bool hasBegun_ = false;
  };
}
