// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // Base 64 with padding
  std::string EncodeBase64(std::string_view bytes);

  // Decodes base 64 with padding (RFC 4648, section 4); nothing if the text is malformed.
  std::optional<std::string> DecodeBase64(std::string_view text);
}
