// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Resources/Tools/Move/Digest.h"

#include <string>
#include <string_view>

namespace OrthancRegistry::Move
{
  // How far a step has come: what has been copied of it is committed together with this.
  struct StepState
  {
    int64_t lastKey = 0;
    TableDigest copied; // of the rows as the source has them
    bool isDone = false;
  };

  // The tables of the target that this program has for itself while it fills it.
  namespace MoveProgress
  {
    // Makes the tables, and marks the database as filled in part.
    void Create(Transaction& transaction, const std::string& fingerprint, const std::string& server);

    // Of a move that has begun: the source, and the identifier of the server
    std::pair<std::string, std::string> ReadSource(Transaction& transaction);

    StepState Read(Transaction& transaction, std::string_view step);

    // RegistryError if the step has meanwhile left the state "from": another process is at it.
    void Advance(Transaction& transaction, std::string_view step, const StepState& from, const StepState& to);

    // Drops the tables: from now on the database can be opened.
    void Remove(Transaction& transaction);
  }
}
