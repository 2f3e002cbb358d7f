// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Time.h"

#include <json/value.h>

#include <optional>

namespace OrthancRegistry
{
  // When a new job may begin: at a moment, or after a delay on the clock of the database, or at once.
  struct JobSchedule
  {
    std::optional<Timestamp> notBefore;
    int64_t delayMicroseconds = 0;
  };

  // The fields "NotBefore" and "DelaySeconds" of the body of an asynchronous job. A RegistryError of status
  // 400 if they contradict each other or are malformed.
  JobSchedule ReadJobSchedule(const Json::Value& body);
}
