// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Uuid.h"

#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>

namespace OrthancRegistry
{
  namespace
  {
    bool IsDashPosition(size_t index)
    {
      return index == 8 || index == 13 || index == 18 || index == 23;
    }
  }

  std::string GenerateUuid()
  {
    static constexpr char DIGITS[] = "0123456789abcdef";

    std::random_device device;
    std::string uuid(36, '-');
    uint32_t bits = 0;
    int available = 0;
    for (size_t i = 0; i < uuid.size(); i++)
    {
      if (IsDashPosition(i))
      {
        continue;
      }
      if (available == 0)
      {
        bits = device();
        available = 8;
      }
      uuid[i] = DIGITS[bits & 0xf];
      bits >>= 4;
      available--;
    }

    uuid[14] = '4';
    uuid[19] = DIGITS[8 + (device() & 0x3)];
    return uuid;
  }

  std::string GenerateOrderedUuid()
  {
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    char digits[17];
    std::snprintf(digits, sizeof(digits), "%012llx",
                  static_cast<unsigned long long>(time.count()) & 0xffffffffffffu);
    std::string uuid = GenerateUuid();
    uuid.replace(0, 8, digits, 8);
    uuid.replace(9, 4, digits + 8, 4);
    uuid[14] = '7';
    return uuid;
  }

  bool IsUuid(std::string_view text)
  {
    if (text.size() != 36)
    {
      return false;
    }
    for (size_t i = 0; i < text.size(); i++)
    {
      if (IsDashPosition(i) ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0)
      {
        return false;
      }
    }
    return true;
  }
}
