// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stop_token>
#include <string>

namespace OrthancRegistry
{
  class PostgreSQLConnection;

  // Runs one statement outside of a transaction, and cancels it at a stop; throws as
  // PostgreSQLConnection::Execute() does.
  void ExecuteUntilStop(const PostgreSQLConnection& connection, const std::string& sql,
                        const std::stop_token& stop);
}
