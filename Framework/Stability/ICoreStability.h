// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace OrthancRegistry
{
  // The stable status of resources in the memory of this core. Uses the database: never to be called inside
  // of a transaction, nor from the thread of the bus.
  class ICoreStability
  {
  public:
    virtual ~ICoreStability() = default;

    // False if the core is too old: it keeps to its own timer.
    virtual bool IsSupported() const = 0;

    // Answers whether the status has changed: false as well if the resource is unknown, or in case of an
    // error. "Stable" makes the core log the change and signal it, on the calling thread. "Unstable" restarts
    // its timer.
    virtual bool SetStable(const std::string& publicId, bool isStable) = 0;
  };
}
