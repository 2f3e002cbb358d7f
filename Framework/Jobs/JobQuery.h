// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/Job.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Which jobs: those that match one of the values of each list that is not empty, and were created within
  // these moments (both included).
  struct JobFilter
  {
    std::vector<JobState> states;
    std::vector<JobOrigin> origins;
    std::vector<std::string> types;
    std::vector<std::string> replicas; // server identifiers
    std::vector<std::string> destinations;
    std::optional<Timestamp> since;
    std::optional<Timestamp> until;

    bool IsEmpty() const
    {
      return states.empty() && origins.empty() && types.empty() && replicas.empty() && destinations.empty() &&
             !since && !until;
    }
  };

  enum class JobOrder
  {
    Id,      // as the core
    Created, // then by the sequence of submission
    CreatedDescending
  };

  // Where a job stands in each of the orders
  struct JobPosition
  {
    Timestamp created = 0;
    int64_t sequence = 0;
    std::string id;
  };

  struct JobQuery
  {
    static constexpr size_t MAXIMUM_LIMIT = 10000;

    JobFilter filter;
    JobOrder order = JobOrder::Id;
    std::optional<size_t> limit;      // 1 to MAXIMUM_LIMIT
    std::optional<JobPosition> after; // continue behind that job
  };

  // The values that a client has given, by the name of the argument
  using JobArguments = std::map<std::string, std::vector<std::string>>;

  // "state", "type", "replica", "origin", "destination", "since", "until". Throws
  // RegistryError(ParameterOutOfRange) that lists the valid names or values.
  JobFilter ParseJobFilter(const JobArguments& arguments);

  // The arguments of GET /jobs: those of the filter with values separated by commas, "limit", "order" and
  // "page". Names that begin with an underscore are ignored, as browsers add them against caches. The order
  // is by id without any of them.
  JobQuery ParseJobQuery(const std::map<std::string, std::string>& arguments);

  // The opaque text of a position that clients give back as "page". It holds no id.
  std::string FormatPageToken(const JobPosition& position);
  JobPosition ParsePageToken(const std::string& token);
}
