// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Retry.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // Files in PostgreSQL, as large objects: the table StorageArea of the stock plugin. A file is known by its
  // UUID and its type together. Contents travel in pieces, so that no second copy of a large one is ever
  // made. Thread-safe, with as many files at once as the database has connections.
  //
  // Errors: RegistryError(UnknownResource) for a file that does not exist, RegistryError(BadRange) beyond its
  // end. What can be run again is, as the policy says.
  class StorageArea
  {
  public:
    // Answers the memory that a file of that size is to be read into.
    using Allocator = std::function<char*(uint64_t size)>;

    StorageArea(IDatabase& database, const RetryPolicy& policy);

    void Create(const std::string& uuid, int type, std::string_view content);

    // The allocator is called for each attempt, and not for an empty file.
    void ReadWhole(const std::string& uuid, int type, const Allocator& allocate);

    // Fills the whole of "target" with what begins at "start".
    void ReadRange(const std::string& uuid, int type, uint64_t start, std::span<char> target);

    // No error if the file does not exist.
    void Remove(const std::string& uuid, int type);

  private:
    IDatabase& database_;
    const RetryPolicy policy_;
  };
}
