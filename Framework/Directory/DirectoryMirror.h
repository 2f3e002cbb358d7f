// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryTypes.h"

#include <mutex>
#include <set>
#include <vector>

namespace OrthancRegistry
{
  // One list as the core of this process holds it in its memory, and from which revisions of the rows it has
  // been made. The core changes one entry in its memory, then saves the whole list, under a lock of its own:
  // so saves never overlap, and what is compared here is one change. If the save fails, the core keeps the
  // change: such strays are remembered, never written by a later save, and restored by DirectorySync.
  // Thread-safe.
  class DirectoryMirror
  {
  public:
    struct Change
    {
      std::string name;
      std::optional<DirectoryValue> value; // none: deleted
    };

    struct Row
    {
      std::string name;
      int64_t revision = 0;
      std::optional<DirectoryValue> value; // none: nothing in the memory
    };

    // The core loads these entries at its start. What it makes of them is not known before it saves for the
    // first time. The "leftOut" are to be tried later.
    void Load(const std::vector<Row>& loaded, const std::set<std::string>& leftOut, int64_t version);
    bool IsLoaded() const;

    // The version of the list up to which rows have been applied
    int64_t GetVersion() const;
    void SetVersion(int64_t version);

    // What a save means: none if nothing has changed. RegistryError(DatabaseUnavailable) if it cannot be
    // told, because failed saves have left other changes in the memory of the core.
    std::optional<Change> Compare(const DirectoryValues& saved);

    // What became of the change. "revision" is that of the row.
    void OnWritten(const Change& change, int64_t revision);
    void OnNotWritten(const Change& change);

    // The core has changed its memory as the row says, and must not save it: option "ReadOnly".
    void OnUnsaved(const std::string& name, const std::optional<DirectoryValue>& value, int64_t revision);

    // A save that shows what the core has made of a row
    void OnMaterialized(const DirectoryValues& saved, const std::string& name, int64_t revision);

    // Nothing of that name is in the memory of the core, which is right for that revision of the row.
    void OnAbsent(const std::string& name, int64_t revision);

    // A save may have failed that nobody has seen: the memory of the core has to be looked at.
    void Doubt();
    bool IsInDoubt() const;

    // An entry whose materialization makes the core show its whole memory, none if there is none
    std::optional<Row> GetProbe() const;

    // The names that the core has, asked when there was no probe: answers those that should not be there, or
    // ends the doubt if there are none and none has come up since "doubt".
    std::vector<std::string> CompareNames(const std::set<std::string>& names, uint64_t doubt);
    uint64_t GetDoubt() const; // counts

    // The names that have to be made from their rows again, whatever has been applied
    std::vector<std::string> GetStrays() const;

    // The revision of the row that the memory has been made from, 0 if there is none
    int64_t GetAppliedRevision(const std::string& name) const;

    // The same if there is such an entry in the memory
    std::optional<int64_t> GetRevision(const std::string& name) const;

    // The newest revision that is known here, though the memory may be about to follow; 0 if there is none
    int64_t GetNewestRevision(const std::string& name) const;

    // False if there is surely no such entry in the memory of the core
    bool MayContain(const std::string& name) const;

  private:
    struct Entry
    {
      std::optional<DirectoryValue> memory; // as the core has saved it
      int64_t applied = 0;
      int64_t written = 0; // the newest revision that this replica has written itself
    };

    std::vector<std::string> FindDifferences(const DirectoryValues& saved) const;
    void AddStray(const std::string& name, const DirectoryValues& saved);

    mutable std::mutex mutex_;
    bool isLoaded_ = false;
    bool isInDoubt_ = false;
    uint64_t doubts_ = 0;
    int64_t version_ = 0;
    std::map<std::string, Entry> entries_;
    std::map<std::string, std::optional<DirectoryValue>> strays_; // what the memory holds of them
  };
}
