// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/ISession.h"
#include "SQLite/CommitSignal.h"
#include "SQLite/SQLiteConnection.h"
#include "SQLite/SQLiteStatementCache.h"
#include "SQLite/WriterTurns.h"

#include <optional>

namespace OrthancRegistry::SQLite
{
  // One connection and its transaction. Statements run at once: there is no server to save round trips to.
  // What is committed is seen by all, but not yet on the disk.
  class Session : public ISession
  {
  public:
    // "turns" is for a Writer, and may be null.
    Session(const std::string& path, ConnectionKind kind, std::chrono::milliseconds busyTimeout,
            CommitSignal& signal, WriterTurns* turns = nullptr);

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

    // Whether the transaction that has just been committed has written something, or was the first one on
    // this session to see what other processes have written
    bool HasNews() const
    {
      return hasNews_;
    }

    // Pages in the log after the last commit that has written something
    int GetLogPages() const
    {
      return logPages_;
    }

  private:
    void BeginWriting();
    bool TryBeginWriting();
    static void RunAlone(Statement& statement);
    void CheckInTransaction() const;
    void CheckStillInTransaction();
    void Run(Statement& statement, std::span<const Parameter> parameters, const RowHandler& onRow);

    const ConnectionKind kind_;
    const std::chrono::milliseconds busyTimeout_;
    CommitSignal& signal_;
    WriterTurns* const turns_;
    Connection connection_;
    Statement begin_;
    Statement commit_;
    Statement rollback_;
    StatementCache cache_;
    SessionStatistics statistics_;
    bool isRunning_ = false; // inside of a statement, whose handlers must not start another one
    bool isAnnounced_ = false;
    bool hasNews_ = false;
    unsigned int seenVersion_ = 0;             // of the data, at the begin of the transaction
    std::optional<unsigned int> knownVersion_; // after the last commit
    int logPages_ = 0;
    bool isRollbackFailed_ = false;
  };
}
