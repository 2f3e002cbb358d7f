// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace OrthancRegistry::SQLite
{
  // The name of an extended result code ("SQLITE_CONSTRAINT_UNIQUE"), or its number.
  std::string GetErrorName(int code);

  // Throws the exception of DatabaseErrors.h that stands for an extended result code. "text" is SQLite's own
  // message, which never holds a bound value.
  [[noreturn]] void ThrowError(int code, std::string_view text);

  // True if the connection must not be used any more after this code.
  bool IsFatal(int code);
}
