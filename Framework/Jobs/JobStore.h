// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobMessages.h"

#include <string>

namespace OrthancRegistry
{
  // Submitting to the shared registry. Thread-safe.
  class JobStore
  {
  public:
    JobStore(IDatabase& database, IMessageBus& bus);

    // Writes a waiting job and announces it; visible everywhere when this returns. Answers its id.
    std::string Submit(const NewJob& job);

    // Tells all replicas something that no row goes with.
    void Announce(const std::string& message);

  private:
    void Insert(const std::string& id, const NewJob& job);
    bool Exists(const std::string& id);

    IDatabase& database_;
    IMessageBus& bus_;
  };
}
