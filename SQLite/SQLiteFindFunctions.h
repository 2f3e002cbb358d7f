// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sqlite3.h>

namespace OrthancRegistry::SQLite
{
  // The functions that the Find compiler uses, as PostgreSQL/Migrations/Index defines them:
  //   SharedFold(text): what two texts have in common that differ in upper and lower case only
  //   SharedInteger(text), SharedReal(text): the number, NULL if the text is none
  // Throws StatementError.
  void RegisterFindFunctions(sqlite3* connection);
}
