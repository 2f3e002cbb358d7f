// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobReader.h"

#include <json/value.h>

#include <functional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  enum class BulkOutcome
  {
    Changed,
    Refused, // its state does not allow the action, or there is nothing to do, or it has vanished
    Failed   // the owner did not answer in time, ...
  };

  // Applies an action to one job. What it throws counts as a failure of that job.
  using BulkActor = std::function<BulkOutcome(const std::string& id)>;

  struct BulkResult
  {
    size_t matched = 0;
    size_t changed = 0;
    size_t refused = 0;
    size_t failed = 0;

    Json::Value Format() const;
  };

  // The body of POST /cluster/jobs/{action}: an object with the filters of GET /jobs ("State", "Type", ...;
  // upper case does not matter), each a text or a list of texts; or {"All": true}. Throws RegistryError.
  JobFilter ParseBulkFilter(std::string_view body);

  // First finds the jobs, then applies the action to one after the other, so that what it changes has no
  // influence on what is found. RegistryError(DatabaseUnavailable) as soon as "isStopping" says so.
  BulkResult ApplyToMany(JobReader& reader, const JobFilter& filter, const BulkActor& actor,
                         const std::function<bool()>& isStopping);
}
