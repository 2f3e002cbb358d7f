// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <memory>
#include <string>

namespace OrthancRegistry
{
  struct SQLiteParameters
  {
    std::string path;                        // the file, created if missing; its folder must exist
    bool isReadOnly = false;                 // readers open the file as read-only, and do not make it
    unsigned int maximumReaders = 10;        // connections for reading, besides the one for writing
    unsigned int busyTimeoutSeconds = 10;    // longest wait for the lock of another process or thread
    unsigned int acquireTimeoutSeconds = 30; // longest wait for a free connection
  };

  namespace SQLite
  {
    class CommitSignal;
  }

  // What a process has done with the file, so that tests can count.
  struct SQLiteStatistics
  {
    uint64_t syncs = 0; // of the write-ahead log, for commits
    uint64_t checkpoints = 0;
  };

  // A file of SQLite in WAL mode, shared by the threads of this process (one writer, several readers) and by
  // other processes of the same host. When a commit returns, it is on the disk. Thread-safe.
  class SQLiteDatabase : public IDatabase
  {
  public:
    explicit SQLiteDatabase(const SQLiteParameters& parameters);
    ~SQLiteDatabase() override;

    Engine GetEngine() const override
    {
      return Engine::SQLite;
    }

    std::string_view GetBootstrapScript() const override;
    SessionLease Acquire(AccessMode mode) override;

    const SQLiteParameters& GetParameters() const;

    SQLiteStatistics GetStatistics() const;

    // For SQLiteMessageBus: what its messages wake up in this process
    SQLite::CommitSignal& GetCommitSignal() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
  };
}
