// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // A moment: microseconds since 1970-01-01T00:00:00Z. In the registry it always comes from the clock of the
  // database (the SQL function SharedNow() of both engines), never from that of a replica.
  using Timestamp = int64_t;

  // The ISO "basic" form of Orthanc in UTC, YYYYMMDDTHHMMSS.ffffff; the fraction is absent when it is exactly
  // zero.
  std::string FormatTimestamp(Timestamp timestamp);

  // A moment of ISO 8601, in the basic form of Orthanc (20261231T235959.123456) or the extended one
  // (2026-12-31T23:59:59), followed by "Z", by an offset (+01:00, +0100, +01), or by nothing, which is UTC
  // too.
  std::optional<Timestamp> ParseTimestamp(std::string_view text);
}
