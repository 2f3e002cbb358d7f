// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Directory/DirectoryHistory.h"
#include "Framework/Directory/DirectoryScopes.h"
#include "Framework/Directory/SecretBox.h"

#include <array>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  constexpr std::array DIRECTORY_KINDS = {DirectoryKind::Modalities, DirectoryKind::Peers};

  // The rows of modalities and peers. Stateless but for the keys, thread-safe.
  class DirectoryStore
  {
  public:
    // Messages of the bus about changes begin so.
    static constexpr std::string_view MESSAGE_PREFIX = "directory:";

    struct Entries
    {
      int64_t version = 0; // of the list: includes at least what was committed up to it
      std::vector<DirectoryEntry> entries;
    };

    struct Write
    {
      DirectoryKind kind = DirectoryKind::Modalities;
      std::string name;
      std::optional<DirectoryValue> value; // none: delete
      DirectoryExpectation expectation;
      DirectoryAuthor author;
      std::string reason;
    };

    struct Outcome
    {
      int64_t revision = 0; // of the row, 0 if there is none
      bool isChanged = false;
    };

    // The references must outlive this object.
    DirectoryStore(const SecretBox& secrets, IMessageBus& bus);

    // By kind; one statement
    static std::map<DirectoryKind, int64_t> GetVersions(Transaction& transaction);

    // The same for one list, to be asked by the heartbeat
    static std::string_view GetVersionQuestion(DirectoryKind kind);

    // The entries that have changed after that version of the list, deleted ones included
    Entries ReadSince(Transaction& transaction, DirectoryKind kind, int64_t version) const;

    // The entry of each name, with revision 0 where there has never been one
    std::vector<DirectoryEntry> ReadNamed(Transaction& transaction, DirectoryKind kind,
                                          const std::vector<std::string>& names) const;

    // Locks the list, and changes the entry if it is not what it should be already. RegistryError(Revision)
    // if the expectation is not met.
    Outcome Apply(Transaction& transaction, const Write& write) const;

  private:
    DirectoryEntry MakeEntry(DirectoryKind kind, DirectoryEntry entry,
                             const std::optional<std::string>& configuration,
                             const std::optional<Binary>& secrets,
                             const std::optional<std::string>& keyId) const;
    void WriteRow(Transaction& transaction, const Write& write, int64_t revision, int64_t version) const;

    const SecretBox& secrets_;
    IMessageBus& bus_;
  };
}
