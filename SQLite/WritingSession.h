// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "SQLite/Checkpointer.h"
#include "SQLite/LogSync.h"
#include "SQLite/SQLiteSession.h"
#include "SQLite/SQLiteSessionPool.h"

#include <optional>

namespace OrthancRegistry::SQLite
{
  // One transaction on the only session of a process that writes. Its commit gives the session to the next
  // thread, then waits for the disk: what threads commit one after the other is synced together.
  class WritingSession : public ISession
  {
  public:
    // Waits until the only session is free. "writers" lends a Session; all must outlive this one.
    WritingSession(SessionPool& writers, LogSync& log, Checkpointer& checkpointer);

    void Begin(AccessMode mode) override;
    void Commit() override;
    void Rollback() noexcept override;
    void Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                 DoneHandler onDone) override;
    void Flush() override;
    void ExecuteScript(std::string_view sql) override;
    bool IsUsable() const override;
    const SessionStatistics& GetStatistics() const override;

    // The commit wakes the watchers of this process.
    void AnnounceCommit();

  private:
    Session& Get() const;
    void GiveBack() noexcept;

    SessionPool& writers_;
    std::optional<SessionLease> lease_; // until the end of the transaction
    LogSync& log_;
    Checkpointer& checkpointer_;
    SessionStatistics statistics_; // at the end
  };
}
