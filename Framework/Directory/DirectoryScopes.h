// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryTypes.h"

#include <optional>
#include <string>
#include <vector>

// What the thread that calls the core says to the write edge, which the core then calls on the same thread.
namespace OrthancRegistry
{
  // What a client insists on (If-Match, If-None-Match)
  struct DirectoryExpectation
  {
    bool mustExist = false;
    bool mustNotExist = false;
    std::optional<std::vector<int64_t>> revisions; // the entry has one of them

    bool IsAnything() const
    {
      return !mustExist && !mustNotExist && !revisions;
    }

    // "revision" is that of the entry, none if there is no such entry.
    bool IsMetBy(const std::optional<int64_t>& revision) const;
  };

  // As long as it lives, what the core saves on this thread is what it has made of a row: no write.
  class MaterializingScope
  {
  public:
    MaterializingScope(DirectoryKind kind, const std::string& name, int64_t revision);
    ~MaterializingScope();

    MaterializingScope(const MaterializingScope&) = delete;
    MaterializingScope& operator=(const MaterializingScope&) = delete;

    // That of the calling thread for that list, null if there is none
    static const MaterializingScope* Find(DirectoryKind kind);

    const DirectoryKind kind;
    const std::string name;
    const int64_t revision; // of the row
  };

  // As long as it lives, a save on this thread has to meet the expectation about that entry.
  class ExpectingScope
  {
  public:
    ExpectingScope(DirectoryKind kind, const std::string& name, DirectoryExpectation expectation);
    ~ExpectingScope();

    ExpectingScope(const ExpectingScope&) = delete;
    ExpectingScope& operator=(const ExpectingScope&) = delete;

    // That of the calling thread for that list, null if there is none
    static const ExpectingScope* Find(DirectoryKind kind);

    const DirectoryKind kind;
    const std::string name;
    const DirectoryExpectation expectation;
  };
}
