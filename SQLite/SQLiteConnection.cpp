// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteConnection.h"

#include "Framework/Database/DatabaseErrors.h"
#include "SQLite/SQLiteErrors.h"
#include "SQLite/SQLiteFunctions.h"

#include <thread>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    constexpr std::chrono::milliseconds MODE_CHANGE_INTERVAL(5);

    // Nobody is told that a lock is free again, so whoever waits has to look
    constexpr std::chrono::microseconds SHORT_BUSY_SLEEP(100);
    constexpr std::chrono::microseconds LONG_BUSY_SLEEP(2000);
    constexpr int SHORT_BUSY_SLEEPS = 500;
  }

  Connection::Connection(const std::string& path, ConnectionKind kind, std::chrono::milliseconds busyTimeout)
      : busyTimeout_(busyTimeout)
  {
    const int flags = (kind == ConnectionKind::Outsider ? SQLITE_OPEN_READONLY
                                                        : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK)
    {
      throw StatementError("SQLite: cannot open \"" + path +
                           "\", check that the folder exists and is writable (" + GetErrorName(code) + ")");
    }
    Check(sqlite3_busy_handler(handle, &Connection::WaitWhileBusy, this));
    Configure(kind);
  }

  void Connection::Configure(ConnectionKind kind)
  {
    // A misspelled "column" must not become a text
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    EnableWriteAheadLog();
    Execute("PRAGMA synchronous = NORMAL;" // by checkpoints only; commits are synced by LogSync
            "PRAGMA foreign_keys = ON;"
            "PRAGMA recursive_triggers = ON;"
            "PRAGMA temp_store = MEMORY;"
            "PRAGMA cache_size = -8192;"                              // KiB
            "PRAGMA journal_size_limit = 67108864;"                   // bytes of an idle WAL file
            "PRAGMA case_sensitive_like = ON;");                      // as on PostgreSQL
    sqlite3_wal_hook(handle_.get(), &Connection::KeepLogPages, this); // instead of automatic checkpoints
    RegisterFunctions(handle_.get());
    if (kind != ConnectionKind::Writer)
    {
      Execute("PRAGMA query_only = ON");
    }
  }

  // Changing the mode of a new file needs it alone, and SQLite then answers "busy" without calling the
  // handler.
  void Connection::EnableWriteAheadLog()
  {
    const auto deadline = std::chrono::steady_clock::now() + busyTimeout_;
    std::string mode;
    while (!TryEnableWriteAheadLog(mode))
    {
      if (std::chrono::steady_clock::now() >= deadline)
      {
        ThrowError(SQLITE_BUSY, "other processes are using the new database");
      }
      std::this_thread::sleep_for(MODE_CHANGE_INTERVAL);
    }
    if (mode != "wal")
    {
      throw StatementError("SQLite: this file cannot be used in WAL mode, it must be on a local disk");
    }
  }

  bool Connection::TryEnableWriteAheadLog(std::string& mode)
  {
    const auto readMode = [](void* target, int, char** columns, char**)
    {
      *static_cast<std::string*>(target) = columns[0] == nullptr ? "" : columns[0];
      return 0;
    };
    const int code = sqlite3_exec(handle_.get(), "PRAGMA journal_mode = WAL", readMode, &mode, nullptr);
    if ((code & 0xff) == SQLITE_BUSY)
    {
      return false;
    }
    Check(code);
    return true;
  }

  int Connection::WaitWhileBusy(void* connection, int attempt)
  {
    Connection& self = *static_cast<Connection*>(connection);
    const auto now = std::chrono::steady_clock::now();
    if (attempt == 0)
    {
      self.busyDeadline_ = now + self.busyTimeout_;
    }
    if (!self.mayWait_ || now >= self.busyDeadline_)
    {
      return 0;
    }
    std::this_thread::sleep_for(attempt < SHORT_BUSY_SLEEPS ? SHORT_BUSY_SLEEP : LONG_BUSY_SLEEP);
    return 1;
  }

  bool Connection::StepUnlessBusy(sqlite3_stmt* statement)
  {
    mayWait_ = false;
    const int code = sqlite3_step(statement);
    mayWait_ = true;
    if (code == SQLITE_BUSY)
    {
      return false;
    }
    Check(code);
    return true;
  }

  int Connection::KeepLogPages(void* connection, sqlite3*, const char*, int pages)
  {
    static_cast<Connection*>(connection)->logPages_ = pages;
    return SQLITE_OK;
  }

  unsigned int Connection::GetDataVersion()
  {
    unsigned int version = 0;
    Check(sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_DATA_VERSION, &version));
    return version;
  }

  void Connection::Execute(const std::string& sql)
  {
    Check(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr));
  }

  void Connection::Check(int code)
  {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
    {
      return;
    }
    isBroken_ = isBroken_ || IsFatal(code);
    ThrowError(code, sqlite3_errmsg(handle_.get()));
  }
}
