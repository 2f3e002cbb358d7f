// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Time.h"

#include <algorithm>
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

    // Takes "Z" or an offset away from the end; the offset in minutes, nothing if it is malformed.
    std::optional<int64_t> TakeOffset(std::string_view& text)
    {
      if (text.ends_with('Z'))
      {
        text.remove_suffix(1);
        return 0;
      }
      const size_t time = text.find('T');
      const size_t sign = time == std::string_view::npos ? time : text.find_first_of("+- ", time);
      if (sign == std::string_view::npos)
      {
        return 0;
      }
      const std::string_view offset = text.substr(sign + 1);
      const bool hasColon = offset.size() == 5 && offset[2] == ':';
      int64_t offsetHours = 0;
      int64_t offsetMinutes = 0;
      if (!ReadDigits(offsetHours, offset, 0, 2) || (offset.size() != 2 && offset.size() != 4 && !hasColon) ||
          (offset.size() != 2 && !ReadDigits(offsetMinutes, offset, hasColon ? 3 : 2, 2)) ||
          offsetHours > 23 || offsetMinutes > 59)
      {
        return std::nullopt;
      }
      const int64_t total = offsetHours * 60 + offsetMinutes;
      const bool isWest = text[sign] == '-';
      text = text.substr(0, sign);
      return isWest ? -total : total;
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

  std::optional<Timestamp> ParseIsoTimestamp(std::string_view text)
  {
    constexpr size_t FRACTION_DIGITS = 6;
    constexpr int64_t MICROSECONDS_PER_MINUTE = 60000000;
    const auto offset = TakeOffset(text);
    std::string basic(text);
    if (text.size() >= 19 && text[4] == '-' && text[7] == '-' && text[13] == ':' && text[16] == ':')
    {
      basic = std::string(text.substr(0, 4)).append(text.substr(5, 2)).append(text.substr(8, 5));
      basic.append(text.substr(14, 2)).append(text.substr(17));
    }
    const size_t point = basic.find('.');
    if (point != std::string::npos && basic.size() > point + 1)
    {
      basic.resize(std::max(basic.size(), point + 1 + FRACTION_DIGITS), '0');
    }
    const auto moment = ParseTimestamp(basic);
    if (!offset || !moment)
    {
      return std::nullopt;
    }
    return *moment - *offset * MICROSECONDS_PER_MINUTE;
  }
}
