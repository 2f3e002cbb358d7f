// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IDatabase.h"
#include "PostgreSQL/PostgreSQLConnection.h"

#include <atomic>

namespace OrthancRegistry
{
  // The locks of the stock plugins, so that ours and theirs keep each other out: numbers of advisory locks,
  // one holder per database of the server.
  constexpr int64_t INDEX_LOCK = 42;
  constexpr int64_t STORAGE_LOCK = 43;

  // Keeps other servers out of a database (option "Lock"): an advisory lock of a connection of its own. The
  // server forgets it when this connection breaks, and may then give it to another Orthanc: so the connection
  // is looked at each second, and before each writing transaction. A lost lock is taken again at once if it
  // is free. Otherwise nothing is written any more until it is: two servers that both think that they are
  // alone would destroy each other's work, and reading does no harm. Thread-safe.
  class ServerLock
  {
  public:
    ServerLock(const PostgreSQLParameters& parameters, int64_t number);

    // RegistryError(DatabaseUnavailable) that says who has it if another server holds the lock.
    void Take();

    void Release();

    // Returns if the lock is held, waits while it is being taken again; ConnectionLostError if it is lost.
    void CheckHeld();

  private:
    enum class State
    {
      Held,
      Unsure, // the connection broke, the lock is being taken again
      Lost
    };

    void Watch();
    void TakeAgain(int attempts);
    void ReportLoss(const std::string& reason);
    bool TryTake();
    bool IsConnectionSound() const;
    std::string DescribeHolder() const;
    void Connect(std::unique_ptr<PostgreSQLConnection> connection);
    void Disconnect();
    State GetState();
    void SetState(State state);
    bool HasSomethingHappened() const;

    const PostgreSQLParameters parameters_;
    const std::string number_;

    // Used by Take() and then by the task only
    std::unique_ptr<PostgreSQLConnection> connection_;
    std::string process_; // of the server, that holds the lock
    bool isLossReported_ = false;

    std::atomic<int> socket_ = -1;
    std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::Lost;
    BackgroundTask task_; // ends before what it uses
  };

  // A database that is written only while a lock is held
  class LockedDatabase : public IDatabase
  {
  public:
    // Both must outlive this object.
    LockedDatabase(IDatabase& database, ServerLock& lock) : database_(database), lock_(lock)
    {
    }

    Engine GetEngine() const override
    {
      return database_.GetEngine();
    }

    std::string_view GetBootstrapScript() const override
    {
      return database_.GetBootstrapScript();
    }

    SessionLease Acquire(AccessMode mode) override;

    void ReuseSpace(const std::vector<std::string>& tables, const std::stop_token& stop) override
    {
      database_.ReuseSpace(tables, stop);
    }

  private:
    IDatabase& database_;
    ServerLock& lock_;
  };

  // RegistryError that says what to do if the schema does not exist.
  void CheckSchemaExists(IDatabase& database, const std::string& schema);
}
