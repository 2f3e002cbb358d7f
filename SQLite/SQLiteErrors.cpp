// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteErrors.h"

#include "Framework/Database/DatabaseErrors.h"

#include <sqlite3.h>

#include <utility>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    constexpr std::pair<int, const char*> NAMES[] = {
        {SQLITE_ERROR, "SQLITE_ERROR"},
        {SQLITE_INTERNAL, "SQLITE_INTERNAL"},
        {SQLITE_PERM, "SQLITE_PERM"},
        {SQLITE_ABORT, "SQLITE_ABORT"},
        {SQLITE_ABORT_ROLLBACK, "SQLITE_ABORT_ROLLBACK"},
        {SQLITE_AUTH, "SQLITE_AUTH"},
        {SQLITE_BUSY, "SQLITE_BUSY"},
        {SQLITE_BUSY_RECOVERY, "SQLITE_BUSY_RECOVERY"},
        {SQLITE_BUSY_SNAPSHOT, "SQLITE_BUSY_SNAPSHOT"},
        {SQLITE_BUSY_TIMEOUT, "SQLITE_BUSY_TIMEOUT"},
        {SQLITE_CANTOPEN, "SQLITE_CANTOPEN"},
        {SQLITE_CANTOPEN_ISDIR, "SQLITE_CANTOPEN_ISDIR"},
        {SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT"},
        {SQLITE_CONSTRAINT_CHECK, "SQLITE_CONSTRAINT_CHECK"},
        {SQLITE_CONSTRAINT_DATATYPE, "SQLITE_CONSTRAINT_DATATYPE"},
        {SQLITE_CONSTRAINT_FOREIGNKEY, "SQLITE_CONSTRAINT_FOREIGNKEY"},
        {SQLITE_CONSTRAINT_NOTNULL, "SQLITE_CONSTRAINT_NOTNULL"},
        {SQLITE_CONSTRAINT_PRIMARYKEY, "SQLITE_CONSTRAINT_PRIMARYKEY"},
        {SQLITE_CONSTRAINT_ROWID, "SQLITE_CONSTRAINT_ROWID"},
        {SQLITE_CONSTRAINT_TRIGGER, "SQLITE_CONSTRAINT_TRIGGER"},
        {SQLITE_CONSTRAINT_UNIQUE, "SQLITE_CONSTRAINT_UNIQUE"},
        {SQLITE_CORRUPT, "SQLITE_CORRUPT"},
        {SQLITE_CORRUPT_INDEX, "SQLITE_CORRUPT_INDEX"},
        {SQLITE_FULL, "SQLITE_FULL"},
        {SQLITE_INTERRUPT, "SQLITE_INTERRUPT"},
        {SQLITE_IOERR, "SQLITE_IOERR"},
        {SQLITE_IOERR_FSTAT, "SQLITE_IOERR_FSTAT"},
        {SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC"},
        {SQLITE_IOERR_LOCK, "SQLITE_IOERR_LOCK"},
        {SQLITE_IOERR_READ, "SQLITE_IOERR_READ"},
        {SQLITE_IOERR_SHMMAP, "SQLITE_IOERR_SHMMAP"},
        {SQLITE_IOERR_SHMOPEN, "SQLITE_IOERR_SHMOPEN"},
        {SQLITE_IOERR_SHORT_READ, "SQLITE_IOERR_SHORT_READ"},
        {SQLITE_IOERR_TRUNCATE, "SQLITE_IOERR_TRUNCATE"},
        {SQLITE_IOERR_WRITE, "SQLITE_IOERR_WRITE"},
        {SQLITE_LOCKED, "SQLITE_LOCKED"},
        {SQLITE_MISMATCH, "SQLITE_MISMATCH"},
        {SQLITE_MISUSE, "SQLITE_MISUSE"},
        {SQLITE_NOMEM, "SQLITE_NOMEM"},
        {SQLITE_NOTADB, "SQLITE_NOTADB"},
        {SQLITE_PROTOCOL, "SQLITE_PROTOCOL"},
        {SQLITE_RANGE, "SQLITE_RANGE"},
        {SQLITE_READONLY, "SQLITE_READONLY"},
        {SQLITE_READONLY_CANTINIT, "SQLITE_READONLY_CANTINIT"},
        {SQLITE_READONLY_DBMOVED, "SQLITE_READONLY_DBMOVED"},
        {SQLITE_READONLY_DIRECTORY, "SQLITE_READONLY_DIRECTORY"},
        {SQLITE_SCHEMA, "SQLITE_SCHEMA"},
        {SQLITE_TOOBIG, "SQLITE_TOOBIG"},
    };

    int GetPrimaryCode(int code)
    {
      return code & 0xff;
    }
  }

  std::string GetErrorName(int code)
  {
    for (const auto& [known, name] : NAMES)
    {
      if (known == code)
      {
        return name;
      }
    }
    return "SQLite error " + std::to_string(code);
  }

  void ThrowError(int code, std::string_view text)
  {
    const std::string message = "SQLite: " + std::string(text) + " (" + GetErrorName(code) + ")";
    switch (GetPrimaryCode(code))
    {
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL: // lost a race for the locks of the WAL too often
      throw RetryableError(message);

    case SQLITE_CONSTRAINT:
      // Raised by a trigger of the schema, or a wrong type: not one of the constraints of ConstraintError
      if (code == SQLITE_CONSTRAINT_TRIGGER || code == SQLITE_CONSTRAINT_DATATYPE)
      {
        throw StatementError(message);
      }
      throw ConstraintError(message);

    default:
      throw StatementError(message);
    }
  }

  bool IsFatal(int code)
  {
    switch (GetPrimaryCode(code))
    {
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_IOERR:
    case SQLITE_MISUSE:
    case SQLITE_NOMEM:
    case SQLITE_NOTADB:
      return true;
    default:
      return false;
    }
  }
}
