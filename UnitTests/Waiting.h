// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <thread>

namespace OrthancRegistry::Testing
{
  // Waits for a condition that another thread or process makes true; answers false at the deadline.
  template <typename Condition>
  bool WaitUntil(Condition condition, std::chrono::milliseconds timeout = std::chrono::seconds(20))
  {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!condition())
    {
      if (std::chrono::steady_clock::now() >= deadline)
      {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
}
