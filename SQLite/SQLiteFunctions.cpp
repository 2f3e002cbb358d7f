// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteFunctions.h"

#include "Framework/Database/DatabaseErrors.h"
#include "SQLite/SQLiteFindFunctions.h"

#include <chrono>
#include <string>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    using Function = void (*)(sqlite3_context*, int, sqlite3_value**);

    void GetNow(sqlite3_context* context, int, sqlite3_value**)
    {
      using namespace std::chrono;
      const auto now = system_clock::now().time_since_epoch();
      sqlite3_result_int64(context, duration_cast<microseconds>(now).count());
    }

    void Register(sqlite3* connection, const char* name, int countArguments, int flags, Function function)
    {
      if (sqlite3_create_function_v2(connection, name, countArguments, SQLITE_UTF8 | flags, nullptr, function,
                                     nullptr, nullptr, nullptr) != SQLITE_OK)
      {
        throw StatementError("SQLite: cannot register the function " + std::string(name));
      }
    }
  }

  void RegisterFunctions(sqlite3* connection)
  {
    Register(connection, "SharedNow", 0, 0, &GetNow);
    RegisterFindFunctions(connection);
  }
}
