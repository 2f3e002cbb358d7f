// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace OrthancRegistry
{
  // The values are those of the column "kind".
  enum class DirectoryKind
  {
    Modalities = 0,
    Peers = 1
  };

  // A configuration as it is kept: the JSON object without its secret members, and those as a JSON object of
  // their own (empty string: there are none; always empty for modalities). Both are canonical: equal texts
  // mean equal entries.
  struct DirectoryValue
  {
    std::string configuration;
    std::string secrets;

    bool operator==(const DirectoryValue&) const = default;
  };

  // One row of a list
  struct DirectoryEntry
  {
    std::string name;
    int64_t revision = 0;                // of the entry
    int64_t version = 0;                 // of the list, at the last change of the entry
    std::optional<DirectoryValue> value; // none: deleted, or unreadable
    std::string problem;                 // why it cannot be read here (no key, damaged), else empty
  };

  // The lists of the core, by name
  using DirectoryValues = std::map<std::string, DirectoryValue>;
}
