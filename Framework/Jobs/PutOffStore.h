// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"

#include <chrono>
#include <optional>

namespace OrthancRegistry
{
  // The jobs that wait for their time: submitted for later, or about to be run again. Thread-safe.
  class PutOffStore
  {
  public:
    PutOffStore(IDatabase& database, IMessageBus& bus);

    // Makes those whose time has come claimable, and tells all replicas. Answers how long it is to the next
    // time that comes, on the clock of the database; nothing if no job is put off.
    std::optional<std::chrono::microseconds> PromoteDue();

  private:
    IDatabase& database_;
    IMessageBus& bus_;
  };
}
