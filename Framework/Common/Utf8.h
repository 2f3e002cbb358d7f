// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace OrthancRegistry
{
  // True if the text is well-formed UTF-8 (no overlong form, no surrogate, nothing above U+10FFFF) and holds
  // no zero byte: what both engines accept as TEXT.
  bool IsStorableText(std::string_view text);
}
