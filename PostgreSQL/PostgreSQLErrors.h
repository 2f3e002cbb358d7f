// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // True for the codes that come with the end of the connection (class 08, shutdown, time limits of idle
  // sessions).
  bool IsConnectionLoss(std::string_view sqlState);

  // Throws the class of DatabaseErrors.h that tells what the caller can do about an error of PostgreSQL. The
  // text is the primary message and the code: details and context quote rows and parameters.
  [[noreturn]] void ThrowDatabaseError(std::string_view sqlState, std::string message);
  [[noreturn]] void ThrowResultError(const PGresult* result);

  // Empty if there is none
  std::string GetSqlState(const PGresult* result);
}
