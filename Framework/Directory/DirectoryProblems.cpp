// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryProblems.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"
#include "Framework/Directory/DirectoryFormat.h"

namespace OrthancRegistry
{
  DirectoryProblems::DirectoryProblems(IDatabase& database, const ReplicaIdentity& identity, bool isWritten)
      : database_(database), identity_(identity), isWritten_(isWritten)
  {
  }

  void DirectoryProblems::Reset()
  {
    reported_.clear();
    if (!isWritten_)
    {
      return;
    }
    RunTransaction(database_, AccessMode::ReadWrite,
                   [this](Transaction& transaction)
                   {
                     transaction.Execute("DELETE FROM SharedDirectoryProblems WHERE serverIdentifier = $1",
                                         identity_.serverIdentifier);
                   });
  }

  void DirectoryProblems::Report(DirectoryKind kind, const std::string& name, int64_t revision,
                                 const std::string& reason)
  {
    const auto reported = reported_.find({kind, name});
    if (reported != reported_.end() && reported->second == revision)
    {
      return;
    }
    if (isWritten_)
    {
      Write(kind, name, revision, reason);
    }
    reported_[{kind, name}] = revision;
    LogWarning(std::string("The shared ") + DirectoryFormat::GetEntryName(kind) + " " + name + ", revision " +
               std::to_string(revision) + ", cannot be used here and is left out: " + reason);
  }

  void DirectoryProblems::Write(DirectoryKind kind, const std::string& name, int64_t revision,
                                const std::string& reason)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          transaction.Execute(
              "INSERT INTO SharedDirectoryProblems(kind, name, serverIdentifier, replica, revision, reason, "
              "since) VALUES ($1, $2, $3, $4, $5, $6, SharedNow()) ON CONFLICT (kind, name, "
              "serverIdentifier) DO UPDATE SET replica = excluded.replica, revision = excluded.revision, "
              "reason = excluded.reason, since = excluded.since",
              kind, name, identity_.serverIdentifier, identity_.name, revision, reason);
        });
  }

  void DirectoryProblems::Resolve(DirectoryKind kind, const std::string& name)
  {
    const auto reported = reported_.find({kind, name});
    if (reported == reported_.end())
    {
      return;
    }
    if (isWritten_)
    {
      RunTransaction(database_, AccessMode::ReadWrite,
                     [&](Transaction& transaction)
                     {
                       transaction.Execute("DELETE FROM SharedDirectoryProblems WHERE kind = $1"
                                           " AND name = $2 AND serverIdentifier = $3",
                                           kind, name, identity_.serverIdentifier);
                     });
    }
    reported_.erase(reported);
  }
}
