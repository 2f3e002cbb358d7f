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
    constexpr size_t MAXIMUM_FRACTION = 9; // digits
    constexpr size_t MICROSECOND_DIGITS = 6;

    // Reads a text from its start.
    class Scanner
    {
    public:
      explicit Scanner(std::string_view text) : text_(text)
      {
      }

      bool IsAtEnd() const
      {
        return text_.empty();
      }

      bool Skip(char c)
      {
        if (!text_.starts_with(c))
        {
          return false;
        }
        text_.remove_prefix(1);
        return true;
      }

      bool ReadNumber(int64_t& target, size_t digits)
      {
        const std::string_view number = text_.substr(0, digits);
        if (number.size() != digits || number.find_first_not_of("0123456789") != std::string_view::npos)
        {
          return false;
        }
        std::from_chars(number.data(), number.data() + number.size(), target);
        text_.remove_prefix(digits);
        return true;
      }

      // One to nine digits, of which those below a microsecond do not count
      bool ReadFraction(int64_t& microseconds)
      {
        const size_t count = std::min(text_.find_first_not_of("0123456789"), text_.size());
        if (count == 0 || count > MAXIMUM_FRACTION)
        {
          return false;
        }
        std::string digits(text_.substr(0, count));
        digits.resize(MICROSECOND_DIGITS, '0');
        text_.remove_prefix(count);
        return Scanner(digits).ReadNumber(microseconds, MICROSECOND_DIGITS);
      }

    private:
      std::string_view text_;
    };

    bool ReadDay(Scanner& scanner, bool isExtended, std::chrono::sys_days& day)
    {
      int64_t year = 0;
      int64_t month = 0;
      int64_t number = 0;
      if (!scanner.ReadNumber(year, 4) || (isExtended && !scanner.Skip('-')) ||
          !scanner.ReadNumber(month, 2) || (isExtended && !scanner.Skip('-')) ||
          !scanner.ReadNumber(number, 2))
      {
        return false;
      }
      const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                             std::chrono::month(static_cast<unsigned>(month)),
                                             std::chrono::day(static_cast<unsigned>(number))};
      day = date.ok() ? std::chrono::sys_days(date) : day;
      return date.ok();
    }

    bool ReadTime(Scanner& scanner, bool isExtended, std::chrono::microseconds& time)
    {
      int64_t hour = 0;
      int64_t minute = 0;
      int64_t second = 0;
      int64_t fraction = 0;
      if (!scanner.ReadNumber(hour, 2) || (isExtended && !scanner.Skip(':')) ||
          !scanner.ReadNumber(minute, 2) || (isExtended && !scanner.Skip(':')) ||
          !scanner.ReadNumber(second, 2) || hour > 23 || minute > 59 || second > 60) // 60: leap second
      {
        return false;
      }
      if (scanner.Skip('.') && !scanner.ReadFraction(fraction))
      {
        return false;
      }
      time = std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second) +
             std::chrono::microseconds(fraction);
      return true;
    }

    bool ReadOffset(Scanner& scanner, std::chrono::minutes& offset)
    {
      if (scanner.IsAtEnd() || scanner.Skip('Z'))
      {
        return true;
      }
      const bool isEast = scanner.Skip('+');
      int64_t hours = 0;
      int64_t minutes = 0;
      if ((!isEast && !scanner.Skip('-')) || !scanner.ReadNumber(hours, 2))
      {
        return false;
      }
      if (!scanner.IsAtEnd())
      {
        scanner.Skip(':');
        if (!scanner.ReadNumber(minutes, 2))
        {
          return false;
        }
      }
      offset = (std::chrono::hours(hours) + std::chrono::minutes(minutes)) * (isEast ? 1 : -1);
      return hours <= 23 && minutes <= 59;
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
    Scanner scanner(text);
    const bool isExtended = text.size() > 4 && text[4] == '-';
    std::chrono::sys_days day;
    std::chrono::microseconds time{};
    std::chrono::minutes offset{};
    if (!ReadDay(scanner, isExtended, day) || !scanner.Skip('T') || !ReadTime(scanner, isExtended, time) ||
        !ReadOffset(scanner, offset) || !scanner.IsAtEnd())
    {
      return std::nullopt;
    }
    return std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch() + time - offset)
        .count();
  }
}
