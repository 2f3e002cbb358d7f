// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // A random UUID (version 4) in lower case, from the random source of the operating system. Thread-safe.
  std::string GenerateUuid();

  // The same, but that it begins with the time (version 7): ids that are made one after the other are
  // neighbours in an index, so that few of its pages are touched. The clock may be wrong: nothing else
  // depends on it.
  std::string GenerateOrderedUuid();

  // True if the text has the form of a UUID: 36 characters, hexadecimal digits and dashes at their places.
  bool IsUuid(std::string_view text);
}
