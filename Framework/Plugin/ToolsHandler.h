// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/HttpCall.h"
#include "Framework/Plugin/JobsOptions.h"
#include "Framework/Replicas/ReplicaCalls.h"

namespace OrthancRegistry
{
  // /cluster/tools/{setting}: what /tools/{setting} is for one replica, for all that are alive. The own
  // replica comes first: what it refuses is asked of nobody else. Thread-safe.
  class ToolsHandler
  {
  public:
    static constexpr size_t MAXIMUM_VALUE_SIZE = 64 * 1024;

    // The calls must outlive this object.
    ToolsHandler(const JobsOptions& options, ReplicaCalls& calls);

    HttpAnswer Access(const HttpCall& call); // its first group is the setting

  private:
    HttpAnswer ApplyToAll(const CoreRequest& request);

    JobsOptions options_;
    ReplicaCalls& calls_;
  };
}
