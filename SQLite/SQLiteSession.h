// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/ISession.h"
#include "SQLite/CommitSignal.h"
#include "SQLite/SQLiteConnection.h"
#include "SQLite/SQLiteStatementCache.h"

namespace OrthancRegistry::SQLite
{
  // One connection and its transaction. Statements run at once: there is no server to save round trips to.
  class Session : public ISession
  {
  public:
    Session(const std::string& path, ConnectionKind kind, std::chrono::milliseconds busyTimeout,
            CommitSignal& signal);

    void Begin(AccessMode mode) override;
    void Commit() override;
    void Rollback() noexcept override;
    void Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                 DoneHandler onDone) override;
    void Flush() override;
    void ExecuteScript(std::string_view sql) override;
    bool IsUsable() const override;

    const SessionStatistics& GetStatistics() const override
    {
      return statistics_;
    }

    // The next commit wakes the watchers of this process.
    void AnnounceCommit()
    {
      isAnnounced_ = true;
    }

  private:
    void CheckInTransaction() const;
    void CheckStillInTransaction();
    void Run(Statement& statement, std::span<const Parameter> parameters, const RowHandler& onRow);

    const ConnectionKind kind_;
    const std::chrono::milliseconds busyTimeout_;
    CommitSignal& signal_;
    Connection connection_;
    StatementCache cache_;
    SessionStatistics statistics_;
    bool isRunning_ = false; // inside of a statement, whose handlers must not start another one
    bool isAnnounced_ = false;
    bool isRollbackFailed_ = false;
  };
}
