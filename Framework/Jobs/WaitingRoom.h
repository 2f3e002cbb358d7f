// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"

#include <chrono>
#include <mutex>

namespace OrthancRegistry
{
  // Keeps the number of waiting jobs of the cluster at its limit. Counting takes longer the more jobs wait.
  // So one count serves for a second, or for a sixteenth of the room that was left; close to the limit each
  // submission counts. Hence each replica may exceed the limit by a sixteenth at most. Thread-safe.
  class WaitingRoom
  {
  public:
    explicit WaitingRoom(unsigned int maximum); // 0 = none

    // False if no further job may wait.
    bool TryEnter(Transaction& transaction);

  private:
    bool UseAllowance();

    const unsigned int maximum_;
    std::mutex mutex_;
    int64_t allowance_ = 0;
    std::chrono::steady_clock::time_point expiry_;
  };
}
