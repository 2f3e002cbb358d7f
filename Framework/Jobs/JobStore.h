// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobMessages.h"
#include "Framework/Jobs/SubmitStore.h"

#include <string>

namespace OrthancRegistry
{
  // Submitting to the shared registry. Thread-safe.
  class JobStore
  {
  public:
    JobStore(IDatabase& database, IMessageBus& bus, const JobsConfiguration& configuration = {});

    // See SubmitStore
    std::string Submit(const NewJob& job);
    std::optional<std::string> FindByKey(const std::string& key, const std::string& uri);

    // Tells all replicas something that no row goes with.
    void Announce(const std::string& message);

  private:
    IDatabase& database_;
    IMessageBus& bus_;
    SubmitStore submit_;
  };
}
