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

    // The first group of a call is the setting.
    HttpAnswer Access(const HttpCall& call);

    // /cluster/everywhere/tools/{setting}, for balancers: a change that is answered as by one core if all
    // have made it, and with the report of Access() otherwise
    HttpAnswer Change(const HttpCall& call);

  private:
    enum class Form
    {
      Report,
      OneCore
    };

    HttpAnswer Put(const HttpCall& call, Form form);
    HttpAnswer ApplyToAll(const CoreRequest& request, Form form);

    JobsOptions options_;
    ReplicaCalls& calls_;
  };
}
