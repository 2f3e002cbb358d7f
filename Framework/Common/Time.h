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

  // The reverse; nothing if the text has another form.
  std::optional<Timestamp> ParseTimestamp(std::string_view text);

  // What people and programs write: the form of Orthanc with one to six digits of a fraction, or the extended
  // form of ISO 8601, YYYY-MM-DDTHH:MM:SS[.ffffff], both in UTC, or followed by "Z" or an offset ("+01:00",
  // "+0100", "+01"). A space stands for the plus, because that is what it becomes in a URL.
  std::optional<Timestamp> ParseIsoTimestamp(std::string_view text);
}
