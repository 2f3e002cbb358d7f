// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // A random UUID (version 4) in lower case, from the random source of the operating system. Thread-safe.
  std::string GenerateUuid();

  // True if the text has the form of a UUID: 36 characters, hexadecimal digits and dashes at their places.
  bool IsUuid(std::string_view text);
}
