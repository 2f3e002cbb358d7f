// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Directory/DirectoryTypes.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <set>
#include <utility>

namespace OrthancRegistry
{
  // The entries that this server cannot use, in the table for all to see. Used by one thread at a time.
  class DirectoryProblems
  {
  public:
    // The references must outlive this object.
    DirectoryProblems(IDatabase& database, const ReplicaIdentity& identity, bool isWritten);

    // Forgets what an earlier process of this server has reported.
    void Reset();

    // Logged and written once per revision. "reason" holds no secret.
    void Report(DirectoryKind kind, const std::string& name, int64_t revision, const std::string& reason);

    // The entry is in use, or gone.
    void Resolve(DirectoryKind kind, const std::string& name);

  private:
    void Write(DirectoryKind kind, const std::string& name, int64_t revision, const std::string& reason);

    IDatabase& database_;
    const ReplicaIdentity& identity_;
    const bool isWritten_;                                              // otherwise they are only logged
    std::map<std::pair<DirectoryKind, std::string>, int64_t> reported_; // revisions
  };
}
