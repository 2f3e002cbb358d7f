// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sqlite3.h>

namespace OrthancRegistry::SQLite
{
  // Registers the SQL functions of this project on a connection. New ones are added here:
  //   SharedNow(): microseconds since 1970, by the clock of this host
  //   those of SQLiteFindFunctions.h
  // Throws StatementError.
  void RegisterFunctions(sqlite3* connection);
}
