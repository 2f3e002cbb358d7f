// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLDatabase.h"

namespace OrthancRegistry
{
  // The locks of the stock plugins, so that ours and theirs keep each other out: numbers of advisory locks,
  // one holder per database of the server.
  constexpr int64_t INDEX_LOCK = 42;
  constexpr int64_t STORAGE_LOCK = 43;

  // Keeps other servers out of a database (option "Lock"): an advisory lock of a session of its own, which
  // ends with this object, with the process or with the connection.
  class ServerLock
  {
  public:
    // RegistryError(DatabaseUnavailable) if another server holds the lock.
    ServerLock(const PostgreSQLParameters& parameters, int64_t number);

  private:
    PostgreSQLDatabase database_;
  };

  // RegistryError that says what to do if the schema does not exist.
  void CheckSchemaExists(IDatabase& database, const std::string& schema);
}
