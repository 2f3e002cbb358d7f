// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // True if the text is well-formed UTF-8 (no overlong form, no surrogate, nothing above U+10FFFF) and holds
  // no zero byte: what both engines accept as TEXT.
  bool IsStorableText(std::string_view text);

  // The text with each byte that keeps it from being storable replaced by a question mark: what other
  // programs report may hold anything.
  std::string ToStorableText(std::string_view text);
}
