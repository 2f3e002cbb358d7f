// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Properties.h"

namespace OrthancRegistry::Properties
{
  std::optional<std::string> Lookup(IndexTransaction& t, const std::string& server, int property)
  {
    auto row =
        server.empty()
            ? t.transaction.QueryOptional<std::string>(
                  "SELECT COALESCE(value, '') FROM GlobalProperties WHERE property = $1", property)
            : t.transaction.QueryOptional<std::string>(
                  "SELECT COALESCE(value, '') FROM ServerProperties WHERE server = $1 AND property = $2",
                  server, property);
    return row ? std::make_optional(std::get<0>(std::move(*row))) : std::nullopt;
  }

  void Set(IndexTransaction& t, const std::string& server, int property, const std::string& value)
  {
    if (server.empty())
    {
      t.transaction.Execute("INSERT INTO GlobalProperties (property, value) VALUES ($1, $2) "
                            "ON CONFLICT (property) DO UPDATE SET value = EXCLUDED.value",
                            property, value);
    }
    else
    {
      t.transaction.Execute("INSERT INTO ServerProperties (server, property, value) VALUES ($1, $2, $3) "
                            "ON CONFLICT (server, property) DO UPDATE SET value = EXCLUDED.value",
                            server, property, value);
    }
  }

  int64_t Increment(IndexTransaction& t, const std::string& server, int property, int64_t increment)
  {
    // PostgreSQL refuses to cast what is no integer, SQLite does not: there the sum of something that does
    // not read back the same becomes NULL, which is an error for the reader of the result.
    if (server.empty())
    {
      return t.transaction.QueryValue<int64_t>(
          "INSERT INTO GlobalProperties AS p (property, value) VALUES ($1, CAST(CAST($2 AS BIGINT) AS TEXT)) "
          "ON CONFLICT (property) DO UPDATE SET value = CASE WHEN CAST(CAST(p.value AS BIGINT) AS TEXT) = "
          "p.value "
          "THEN CAST(CAST(p.value AS BIGINT) + $2 AS TEXT) END RETURNING CAST(value AS BIGINT)",
          property, increment);
    }
    return t.transaction.QueryValue<int64_t>(
        "INSERT INTO ServerProperties AS p (server, property, value) VALUES ($1, $2, CAST(CAST($3 AS BIGINT) "
        "AS TEXT)) "
        "ON CONFLICT (server, property) DO UPDATE SET value = CASE WHEN CAST(CAST(p.value AS BIGINT) AS "
        "TEXT) = p.value "
        "THEN CAST(CAST(p.value AS BIGINT) + $3 AS TEXT) END RETURNING CAST(value AS BIGINT)",
        server, property, increment);
  }
}
