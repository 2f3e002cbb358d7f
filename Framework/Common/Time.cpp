// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Time.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace OrthancRegistry
{
  namespace
  {
    bool ReadDigits(int64_t& target, std::string_view text, size_t offset, size_t count)
    {
      if (offset + count > text.size())
      {
        return false;
      }
      const char* const end = text.data() + offset + count;
      const auto result = std::from_chars(text.data() + offset, end, target);
      return result.ec == std::errc() && result.ptr == end && target >= 0;
    }
  }

  std::string FormatTimestamp(Timestamp timestamp)
  {
    using namespace std::chrono;
    const sys_time<microseconds> moment{microseconds(timestamp)};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss<microseconds> time(moment - day);

    char buffer[64];
    int size =
        std::snprintf(buffer, sizeof(buffer), "%04d%02u%02uT%02d%02d%02d", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                      static_cast<int>(time.seconds().count()));
    const auto fraction = time.subseconds().count();
    if (fraction != 0)
    {
      size += std::snprintf(buffer + size, sizeof(buffer) - static_cast<size_t>(size), ".%06d",
                            static_cast<int>(fraction));
    }
    return std::string(buffer, static_cast<size_t>(size));
  }

  std::optional<Timestamp> ParseTimestamp(std::string_view text)
  {
    using namespace std::chrono;
    int64_t y = 0;
    int64_t mo = 0;
    int64_t d = 0;
    int64_t h = 0;
    int64_t mi = 0;
    int64_t s = 0;
    int64_t fraction = 0;
    if (!ReadDigits(y, text, 0, 4) || !ReadDigits(mo, text, 4, 2) || !ReadDigits(d, text, 6, 2) ||
        text.size() < 15 || text[8] != 'T' || !ReadDigits(h, text, 9, 2) || !ReadDigits(mi, text, 11, 2) ||
        !ReadDigits(s, text, 13, 2) || h > 23 || mi > 59 || s > 60)
    {
      return std::nullopt;
    }
    if (text.size() != 15 && (text.size() != 22 || text[15] != '.' || !ReadDigits(fraction, text, 16, 6)))
    {
      return std::nullopt;
    }
    const year_month_day date{year(static_cast<int>(y)), month(static_cast<unsigned>(mo)),
                              day(static_cast<unsigned>(d))};
    if (!date.ok())
    {
      return std::nullopt;
    }
    const auto moment = sys_days(date) + hours(h) + minutes(mi) + seconds(s) + microseconds(fraction);
    return duration_cast<microseconds>(moment.time_since_epoch()).count();
  }
}
