// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Time.h"

#include <json/value.h>

#include <optional>
#include <string_view>

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

  // A moment of ISO 8601, in the basic form (20261231T235959.123456) or the extended one
  // (2026-12-31T23:59:59), followed by "Z", by an offset (+01:00, +0100, +01), or by nothing, which is UTC
  // too.
  std::optional<Timestamp> ParseMoment(std::string_view text);
}
