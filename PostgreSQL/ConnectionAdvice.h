// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // What an administrator can do about a connection that failed, from the message of libpq: options to look
  // at, in sentences to be appended; "" if there is nothing to add.
  std::string GetConnectionAdvice(std::string_view message);
}
