// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // The file name in a header "Content-Disposition", empty if it has none
  std::string ParseFileName(std::string_view contentDisposition);

  // The header "Content-Disposition" of a download. A client may have chosen the name: what could end it, or
  // the header, is left out (quotes, backslashes, control characters).
  std::string FormatFileName(std::string_view fileName);
}
