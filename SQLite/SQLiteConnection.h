// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace OrthancRegistry::SQLite
{
  enum class ConnectionKind
  {
    Reader, // every write is refused
    Writer,
    Outsider // a reader in a process that must not write at all: the file is opened as read-only
  };

  // An open file in WAL mode, set up as the project needs it. Used by one thread at a time. A commit is seen
  // by all when it returns, and survives a kill; it survives a loss of power once the log has been synced
  // (see LogSync.h), which is not done here.
  class Connection
  {
  public:
    // Creates the file if it is missing (not an Outsider). Throws StatementError if it cannot be opened,
    // RetryableError if other processes do not let us in within the timeout.
    Connection(const std::string& path, ConnectionKind kind, std::chrono::milliseconds busyTimeout);

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    sqlite3* Get() const
    {
      return handle_.get();
    }

    // One or several statements without parameters; rows are ignored.
    void Execute(const std::string& sql);

    // Of the statements that follow: how long they wait for the locks of other processes.
    void SetBusyTimeout(std::chrono::milliseconds busyTimeout)
    {
      busyTimeout_ = busyTimeout;
    }

    // Runs a statement without rows; false if others are in its way.
    bool StepUnlessBusy(sqlite3_stmt* statement);

    // How many pages the log has had after the last commit of this connection that has written something;
    // nothing if there was none since the last call.
    std::optional<int> TakeLogPages()
    {
      return std::exchange(logPages_, std::nullopt);
    }

    // Of the content as this connection last saw it: differs once anybody has committed something.
    unsigned int GetDataVersion();

    bool IsInTransaction() const
    {
      return sqlite3_get_autocommit(handle_.get()) == 0;
    }

    // False once an error has made the connection useless
    bool IsUsable() const
    {
      return !isBroken_;
    }

    // Throws the error that stands for an extended result code of a call on this connection, unless it says
    // success.
    void Check(int code);

  private:
    struct Closer
    {
      void operator()(sqlite3* handle) const
      {
        sqlite3_close_v2(handle);
      }
    };

    static int WaitWhileBusy(void* connection, int attempt);
    static int KeepLogPages(void* connection, sqlite3* handle, const char* database, int pages);

    void Configure(ConnectionKind kind);
    void EnableWriteAheadLog();
    bool TryEnableWriteAheadLog(std::string& mode);

    std::chrono::milliseconds busyTimeout_;
    std::chrono::steady_clock::time_point busyDeadline_;
    bool mayWait_ = true;
    bool isBroken_ = false;
    std::optional<int> logPages_;
    std::unique_ptr<sqlite3, Closer> handle_;
  };
}
