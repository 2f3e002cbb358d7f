// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/SubmitStore.h"

#include <optional>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Submitting to the shared registry, and reading it. Thread-safe.
  class JobStore
  {
  public:
    JobStore(IDatabase& database, IMessageBus& bus, const JobsConfiguration& configuration = {});

    // See SubmitStore
    std::string Submit(const NewJob& job);
    std::optional<std::string> FindByKey(const std::string& key, const std::string& uri);

    // Both sorted by id
    std::vector<std::string> GetIds();
    std::vector<Job> GetAll();

    // By its id, or by the id of one of its runs at a core.
    std::optional<Job> Get(const std::string& id);

    // Tells all replicas something that no row goes with.
    void Announce(const std::string& message);

  private:
    IDatabase& database_;
    IMessageBus& bus_;
    SubmitStore submit_;
  };

  // The messages of the bus
  inline constexpr std::string_view MESSAGE_JOBS = "jobs";       // a queued job can be claimed
  inline constexpr std::string_view MESSAGE_CHANGED = "changed"; // look again; may be followed by ":" and ids
  inline constexpr std::string_view MESSAGE_FIND = "find:";      // and an id: does anybody know it?
}
