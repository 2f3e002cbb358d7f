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

  // True for an error that says that the server only reads: it follows another one since it was started
  // again, or an administrator has closed it for writers. "isBegin": the statement was BEGIN of a writing
  // transaction.
  bool IsReadOnlyServer(std::string_view sqlState, bool isBegin);

  // Throws the class of DatabaseErrors.h that tells what the caller can do about an error of PostgreSQL. The
  // text is the primary message and the code: details and context quote rows and parameters.
  [[noreturn]] void ThrowDatabaseError(std::string_view sqlState, std::string message);
  [[noreturn]] void ThrowResultError(const PGresult* result);

  // Empty if there is none
  std::string GetSqlState(const PGresult* result);
}
