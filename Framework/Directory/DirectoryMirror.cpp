// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryMirror.h"

#include "Framework/Common/Errors.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    std::optional<DirectoryValue> FindValue(const DirectoryValues& values, const std::string& name)
    {
      const auto found = values.find(name);
      return found == values.end() ? std::nullopt : std::make_optional(found->second);
    }
  }

  void DirectoryMirror::Load(const std::vector<Row>& loaded, const std::set<std::string>& leftOut,
                             int64_t version)
  {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    strays_.clear();
    for (const Row& row : loaded)
    {
      entries_[row.name] = {row.value, row.revision, 0};
    }
    for (const std::string& name : leftOut)
    {
      strays_[name] = std::nullopt;
    }
    version_ = version;
    isLoaded_ = true;
    isInDoubt_ = true;
    doubts_++;
  }

  bool DirectoryMirror::IsLoaded() const
  {
    const std::lock_guard lock(mutex_);
    return isLoaded_;
  }

  int64_t DirectoryMirror::GetVersion() const
  {
    const std::lock_guard lock(mutex_);
    return version_;
  }

  void DirectoryMirror::SetVersion(int64_t version)
  {
    const std::lock_guard lock(mutex_);
    version_ = version;
  }

  std::vector<std::string> DirectoryMirror::FindDifferences(const DirectoryValues& saved) const
  {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_)
    {
      if (FindValue(saved, name) != entry.memory)
      {
        names.push_back(name);
      }
    }
    for (const auto& [name, value] : saved)
    {
      if (!entries_.contains(name))
      {
        names.push_back(name);
      }
    }
    return names;
  }

  void DirectoryMirror::AddStray(const std::string& name, const DirectoryValues& saved)
  {
    strays_[name] = FindValue(saved, name);
  }

  std::optional<DirectoryMirror::Change> DirectoryMirror::Compare(const DirectoryValues& saved)
  {
    const std::lock_guard lock(mutex_);
    const auto differences = FindDifferences(saved);
    if (differences.empty())
    {
      return std::nullopt;
    }
    // A single one is also what the core saves again after a failure, or a client that has been told of one.
    if (differences.size() == 1)
    {
      return Change{differences.front(), FindValue(saved, differences.front())};
    }

    std::vector<std::string> changed;
    for (const std::string& name : differences)
    {
      const auto stray = strays_.find(name);
      if (stray == strays_.end() || stray->second != FindValue(saved, name))
      {
        changed.push_back(name);
      }
    }
    if (isInDoubt_ || changed.size() != 1)
    {
      for (const std::string& name : differences)
      {
        AddStray(name, saved);
      }
      throw RegistryError(
          ErrorCode::DatabaseUnavailable,
          "The list of this replica is just being put in order after the database has failed: "
          "try again");
    }
    return Change{changed.front(), FindValue(saved, changed.front())};
  }

  void DirectoryMirror::OnWritten(const Change& change, int64_t revision)
  {
    const std::lock_guard lock(mutex_);
    entries_[change.name] = {change.value, revision, revision};
    strays_.erase(change.name);
  }

  void DirectoryMirror::OnNotWritten(const Change& change)
  {
    const std::lock_guard lock(mutex_);
    strays_[change.name] = change.value;
  }

  void DirectoryMirror::OnUnsaved(const std::string& name, const std::optional<DirectoryValue>& value,
                                  int64_t revision)
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[name];
    entry.memory = value;
    entry.applied = revision;
    strays_.erase(name);
  }

  void DirectoryMirror::OnMaterialized(const DirectoryValues& saved, const std::string& name,
                                       int64_t revision)
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[name];
    entry.memory = FindValue(saved, name);
    entry.applied = revision;
    strays_.erase(name);
    if (entry.written > revision) // the row was read before this replica has written it
    {
      AddStray(name, saved);
    }
    for (const std::string& other : FindDifferences(saved))
    {
      AddStray(other, saved);
    }
    isInDoubt_ = false;
  }

  void DirectoryMirror::OnAbsent(const std::string& name, int64_t revision)
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[name];
    if (entry.written > revision)
    {
      return;
    }
    entry.memory = std::nullopt;
    entry.applied = revision;
    strays_.erase(name);
  }

  void DirectoryMirror::Doubt()
  {
    const std::lock_guard lock(mutex_);
    isInDoubt_ = isLoaded_;
    doubts_++;
  }

  bool DirectoryMirror::IsInDoubt() const
  {
    const std::lock_guard lock(mutex_);
    return isInDoubt_;
  }

  uint64_t DirectoryMirror::GetDoubt() const
  {
    const std::lock_guard lock(mutex_);
    return doubts_;
  }

  std::optional<DirectoryMirror::Row> DirectoryMirror::GetProbe() const
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, entry] : entries_)
    {
      if (entry.memory && !strays_.contains(name))
      {
        return Row{name, entry.applied, entry.memory};
      }
    }
    return std::nullopt;
  }

  std::vector<std::string> DirectoryMirror::CompareNames(const std::set<std::string>& names, uint64_t doubt)
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> strange;
    for (const std::string& name : names)
    {
      const auto entry = entries_.find(name);
      if (entry == entries_.end() || !entry->second.memory)
      {
        strange.push_back(name);
      }
    }
    if (strange.empty() && doubts_ == doubt)
    {
      isInDoubt_ = false;
    }
    return strange;
  }

  std::vector<std::string> DirectoryMirror::GetStrays() const
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, value] : strays_)
    {
      names.push_back(name);
    }
    return names;
  }

  int64_t DirectoryMirror::GetAppliedRevision(const std::string& name) const
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    return found == entries_.end() ? 0 : found->second.applied;
  }

  std::optional<int64_t> DirectoryMirror::GetRevision(const std::string& name) const
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    return found != entries_.end() && found->second.memory ? std::make_optional(found->second.applied)
                                                           : std::nullopt;
  }

  int64_t DirectoryMirror::GetNewestRevision(const std::string& name) const
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    return found == entries_.end() ? 0 : std::max(found->second.applied, found->second.written);
  }

  bool DirectoryMirror::MayContain(const std::string& name) const
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    const auto stray = strays_.find(name);
    return isInDoubt_ || (stray != strays_.end() && stray->second) ||
           (found != entries_.end() && found->second.memory);
  }
}
