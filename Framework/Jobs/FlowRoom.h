// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsConfiguration.h"

#include <compare>
#include <string>
#include <vector>

// The arithmetic of the limits of the flow
namespace OrthancRegistry
{
  struct JobKind
  {
    std::string type;
    std::string destination; // modality or peer, empty if none

    auto operator<=>(const JobKind&) const = default;
  };

  // The name of a limit in the table SharedJobLimits
  std::string GetLimitName(const FlowLimit& limit);

  // True if at least one limit is about jobs of that kind.
  bool IsLimited(const std::vector<FlowLimit>& limits, const JobKind& kind);

  // How many jobs may still be given to the cores. A job takes room of all limits that match it.
  class FlowRoom
  {
  public:
    explicit FlowRoom(const std::vector<FlowLimit>& limits);

    // A job that is at a core
    void Take(const JobKind& kind);

    bool HasRoom(const JobKind& kind) const;

    // No job has room that this limit matches: its row has not been locked.
    void Close(const std::string& limitName);

  private:
    struct Limit
    {
      JobPattern pattern;
      std::string name;
      size_t room = 0;
    };

    std::vector<Limit> limits_;
  };
}
