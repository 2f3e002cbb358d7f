// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

// zlib, as fast as it can be: what is stored is read again soon, and rarely.
namespace OrthancRegistry
{
  std::string Compress(std::string_view bytes);

  // Throws RegistryError(BadFileFormat) if the bytes are none that Compress() has made, or if what they hold
  // is longer than that: a few kilobytes can stand for gigabytes.
  std::string Decompress(std::string_view packed, size_t maximumSize);
}
