// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryApplier.h"

#include "Framework/Common/Errors.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "Framework/Directory/DirectoryScopes.h"

namespace OrthancRegistry
{
  namespace
  {
    // The core has not refused the entry: it could not save its list.
    bool IsOfDatabase(ErrorCode code)
    {
      constexpr int DATABASE_NOT_INITIALIZED = 2038; // how the core says that it is not ready
      switch (code)
      {
      case ErrorCode::Database:
      case ErrorCode::DatabasePlugin:
      case ErrorCode::DatabaseUnavailable:
      case ErrorCode::DatabaseCannotSerialize:
      case ErrorCode::NotEnoughMemory:
        return true;
      default:
        return static_cast<int>(code) == DATABASE_NOT_INITIALIZED;
      }
    }

    // A new key leaves the revision as it is, but may make an entry readable, or unreadable.
    bool IsApplied(const DirectoryMirror& mirror, const DirectoryEntry& entry)
    {
      const int64_t applied = mirror.GetAppliedRevision(entry.name);
      return applied > entry.revision ||
             (applied == entry.revision && entry.problem.empty() &&
              entry.value.has_value() == mirror.GetRevision(entry.name).has_value());
    }

    bool IsUnknown(ErrorCode code)
    {
      return code == ErrorCode::InexistentItem || code == ErrorCode::UnknownResource;
    }
  }

  DirectoryApplier::DirectoryApplier(ICoreLists& core, IDatabase& database, const ReplicaIdentity& identity,
                                     bool isReadOnly)
      : core_(core), problems_(database, identity, !isReadOnly), isReadOnly_(isReadOnly)
  {
  }

  void DirectoryApplier::Begin()
  {
    if (!hasBegun_)
    {
      problems_.Reset();
      hasBegun_ = true;
    }
  }

  void DirectoryApplier::Apply(DirectoryMirror& mirror, DirectoryKind kind, const DirectoryEntry& entry,
                               bool isForced)
  {
    if (!isForced && IsApplied(mirror, entry))
    {
      return;
    }
    std::string problem = entry.problem;
    if (entry.value)
    {
      try
      {
        const MaterializingScope scope(kind, entry.name, entry.revision);
        core_.Put(kind, entry.name, DirectoryFormat::Format(kind, *entry.value));
        problems_.Resolve(kind, entry.name);
        return;
      }
      catch (const RegistryError& error)
      {
        if (IsOfDatabase(error.GetCode()))
        {
          throw;
        }
        if (isReadOnly_ && error.GetCode() == ErrorCode::ReadOnly)
        {
          mirror.OnUnsaved(entry.name, entry.value, entry.revision);
          problems_.Resolve(kind, entry.name);
          return;
        }
        problem = error.what();
      }
    }
    Remove(mirror, kind, entry.name, entry.revision);
    if (problem.empty())
    {
      problems_.Resolve(kind, entry.name);
    }
    else
    {
      problems_.Report(kind, entry.name, entry.revision, problem);
    }
  }

  void DirectoryApplier::Remove(DirectoryMirror& mirror, DirectoryKind kind, const std::string& name,
                                int64_t revision)
  {
    if (mirror.MayContain(name))
    {
      try
      {
        const MaterializingScope scope(kind, name, revision);
        core_.Delete(kind, name);
        return;
      }
      catch (const RegistryError& error)
      {
        if (isReadOnly_ && error.GetCode() == ErrorCode::ReadOnly)
        {
          mirror.OnUnsaved(name, std::nullopt, revision);
          return;
        }
        if (!IsUnknown(error.GetCode()))
        {
          throw;
        }
      }
    }
    mirror.OnAbsent(name, revision);
  }

  void DirectoryApplier::Reveal(DirectoryMirror& mirror, DirectoryKind kind)
  {
    if (const auto probe = mirror.GetProbe())
    {
      Apply(mirror, kind, {probe->name, probe->revision, 0, probe->value, ""}, true);
      return;
    }
    const uint64_t doubt = mirror.GetDoubt();
    for (const std::string& name : mirror.CompareNames(core_.GetNames(kind), doubt))
    {
      Remove(mirror, kind, name, mirror.GetAppliedRevision(name));
    }
  }
}
