// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/Job.h"

#include <optional>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Submitting to the shared registry, and reading it. Thread-safe.
  class JobStore
  {
  public:
    JobStore(IDatabase& database, IMessageBus& bus);

    // Writes a waiting job and announces it; visible everywhere when this returns. Answers its id.
    std::string Submit(const NewJob& job);

    // Both sorted by id
    std::vector<std::string> GetIds();
    std::vector<Job> GetAll();

    // By its id, or by the id of one of its runs at a core.
    std::optional<Job> Get(const std::string& id);

    // Tells all replicas something that no row goes with.
    void Announce(const std::string& message);

  private:
    void Insert(const std::string& id, const NewJob& job);
    bool Exists(const std::string& id);

    IDatabase& database_;
    IMessageBus& bus_;
  };

  // The messages of the bus
  inline constexpr std::string_view MESSAGE_JOBS = "jobs";       // a queued job can be claimed
  inline constexpr std::string_view MESSAGE_CHANGED = "changed"; // look again; may be followed by ":" and ids
  inline constexpr std::string_view MESSAGE_FIND = "find:";      // and an id: does anybody know it?
}
