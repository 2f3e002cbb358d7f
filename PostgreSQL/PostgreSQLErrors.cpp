// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLErrors.h"

#include "Framework/Database/DatabaseErrors.h"

#include <algorithm>
#include <array>

namespace OrthancRegistry
{
  namespace
  {
    const std::array<std::string_view, 7> CONNECTION_ENDS = {
        "25P03", // idle in transaction for too long
        "25P04", // transaction timeout
        "57P01", // admin shutdown, pg_terminate_backend
        "57P02", // crash shutdown
        "57P03", // cannot connect now
        "57P04", // the database was dropped
        "57P05", // idle session timeout
    };

    // The server names a wrong number of parameters so; the connection goes on
    constexpr std::string_view PROTOCOL_VIOLATION = "08P01";

    constexpr std::string_view LOCK_NOT_AVAILABLE = "55P03"; // also what lock_timeout gives

    constexpr std::string_view INSUFFICIENT_PRIVILEGE = "42501";
    constexpr std::string_view READ_ONLY_TRANSACTION = "25006";
    constexpr std::string_view FEATURE_NOT_SUPPORTED = "0A000"; // of BEGIN: not while the server recovers

    std::string GetField(const PGresult* result, int field)
    {
      const char* const value = PQresultErrorField(result, field);
      return value == nullptr ? std::string() : std::string(value);
    }
  }

  bool IsConnectionLoss(std::string_view sqlState)
  {
    return (sqlState.starts_with("08") && sqlState != PROTOCOL_VIOLATION) ||
           std::find(CONNECTION_ENDS.begin(), CONNECTION_ENDS.end(), sqlState) != CONNECTION_ENDS.end();
  }

  bool IsReadOnlyServer(std::string_view sqlState, bool isBegin)
  {
    return sqlState == READ_ONLY_TRANSACTION || (isBegin && sqlState == FEATURE_NOT_SUPPORTED);
  }

  void ThrowDatabaseError(std::string_view sqlState, std::string message)
  {
    // Data exceptions quote the offending value after a colon.
    if (sqlState.starts_with("22"))
    {
      message = message.substr(0, message.find(": "));
    }
    const std::string text = "PostgreSQL: " + message + " (SQLSTATE " + std::string(sqlState) + ")";
    if (sqlState.starts_with("40") || sqlState == LOCK_NOT_AVAILABLE)
    {
      throw RetryableError(text);
    }
    if (sqlState.starts_with("23"))
    {
      throw ConstraintError(text);
    }
    if (IsConnectionLoss(sqlState))
    {
      throw ConnectionLostError(text);
    }
    if (sqlState == INSUFFICIENT_PRIVILEGE)
    {
      throw PermissionError(text);
    }
    throw StatementError(text);
  }

  std::string GetSqlState(const PGresult* result)
  {
    return GetField(result, PG_DIAG_SQLSTATE);
  }

  void ThrowResultError(const PGresult* result)
  {
    const std::string sqlState = GetSqlState(result);
    const std::string message = GetField(result, PG_DIAG_MESSAGE_PRIMARY);
    const std::string stable = GetField(result, PG_DIAG_SEVERITY_NONLOCALIZED); // poolers may leave it out
    const std::string severity = stable.empty() ? GetField(result, PG_DIAG_SEVERITY) : stable;

    // The server, or a pooler, hangs up after it, whatever the code
    if (severity == "FATAL" || severity == "PANIC")
    {
      throw ConnectionLostError("PostgreSQL: " + message + " (SQLSTATE " + sqlState + ")");
    }
    ThrowDatabaseError(sqlState, message);
  }
}
