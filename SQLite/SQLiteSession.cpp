// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteSession.h"

#include "Framework/Common/Logging.h"
#include "Framework/Common/ScopedFlag.h"
#include "Framework/Database/DatabaseErrors.h"

namespace OrthancRegistry::SQLite
{
  namespace
  {
    // Migrations of a large database take their time, and other processes wait for them
    constexpr std::chrono::minutes MIGRATION_PATIENCE(10);

    class ScopedReset
    {
    public:
      explicit ScopedReset(Statement& statement) : statement_(statement)
      {
      }

      ~ScopedReset()
      {
        statement_.Reset();
      }

      ScopedReset(const ScopedReset&) = delete;
      ScopedReset& operator=(const ScopedReset&) = delete;

    private:
      Statement& statement_;
    };
  }

  Session::Session(const std::string& path, ConnectionKind kind, std::chrono::milliseconds busyTimeout,
                   CommitSignal& signal, WriterTurns* turns)
      : kind_(kind), busyTimeout_(busyTimeout), signal_(signal), turns_(turns),
        connection_(path, kind, busyTimeout),
        // In WAL mode, an immediate transaction is already alone among all writers
        begin_(connection_, kind == ConnectionKind::Writer ? "BEGIN IMMEDIATE" : "BEGIN"),
        commit_(connection_, "COMMIT"), rollback_(connection_, "ROLLBACK"), cache_(connection_)
  {
  }

  void Session::Begin(AccessMode mode)
  {
    if (connection_.IsInTransaction())
    {
      throw UsageError("SQLite: this session is in a transaction already");
    }
    if ((mode == AccessMode::ReadOnly) != (kind_ != ConnectionKind::Writer))
    {
      throw UsageError("SQLite: this session was acquired for another access mode");
    }
    isAnnounced_ = false;
    if (mode == AccessMode::ReadOnly)
    {
      RunAlone(begin_);
      return;
    }
    connection_.SetBusyTimeout(mode == AccessMode::Exclusive ? MIGRATION_PATIENCE : busyTimeout_);
    BeginWriting();
    seenVersion_ = connection_.GetDataVersion();
  }

  void Session::BeginWriting()
  {
    if (turns_ == nullptr)
    {
      RunAlone(begin_);
      return;
    }
    turns_->MakeRoom();
    if (!TryBeginWriting())
    {
      const WriterTurns::Waiting waiting(*turns_);
      RunAlone(begin_);
    }
  }

  bool Session::TryBeginWriting()
  {
    const ScopedReset reset(begin_);
    return connection_.StepUnlessBusy(begin_.Get());
  }

  void Session::RunAlone(Statement& statement)
  {
    const ScopedReset reset(statement);
    statement.Step();
  }

  void Session::Commit()
  {
    CheckInTransaction();
    connection_.TakeLogPages();
    try
    {
      RunAlone(commit_);
    }
    catch (...)
    {
      Rollback();
      throw;
    }
    const std::optional<int> pages = connection_.TakeLogPages();
    logPages_ = pages.value_or(logPages_);
    if (kind_ == ConnectionKind::Writer)
    {
      hasNews_ = pages.has_value() || seenVersion_ != knownVersion_;
      knownVersion_ = connection_.GetDataVersion();
    }
    if (isAnnounced_)
    {
      isAnnounced_ = false;
      signal_.Notify();
    }
  }

  void Session::Rollback() noexcept
  {
    isAnnounced_ = false;
    // Some errors make SQLite roll back by itself
    if (!connection_.IsInTransaction())
    {
      return;
    }
    sqlite3_step(rollback_.Get());
    isRollbackFailed_ = sqlite3_reset(rollback_.Get()) != SQLITE_OK;
  }

  void Session::Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                        DoneHandler onDone)
  {
    CheckInTransaction();
    const ScopedFlag running(isRunning_);
    bool isNew = false;
    Statement& statement = cache_.Get(sql, Statement::FindSingleValues(parameters), isNew);
    statistics_.statements++;
    statistics_.preparations += isNew ? 1 : 0;

    const int64_t before = sqlite3_total_changes64(connection_.Get());
    Run(statement, parameters, onRow);
    CheckStillInTransaction();
    if (onDone)
    {
      // The count of SQLite is the one of the last INSERT, UPDATE or DELETE, which may be an older statement
      const bool hasChanged = sqlite3_total_changes64(connection_.Get()) != before;
      onDone(hasChanged ? sqlite3_changes64(connection_.Get()) : 0);
    }
  }

  void Session::Run(Statement& statement, std::span<const Parameter> parameters, const RowHandler& onRow)
  {
    const ScopedReset reset(statement);
    statement.Bind(parameters);
    const Row row(statement);
    while (statement.Step())
    {
      if (onRow)
      {
        onRow(row);
      }
    }
  }

  void Session::Flush()
  {
    CheckInTransaction();
  }

  void Session::ExecuteScript(std::string_view sql)
  {
    CheckInTransaction();
    const ScopedFlag running(isRunning_);
    connection_.Execute(std::string(sql));
    CheckStillInTransaction();
  }

  bool Session::IsUsable() const
  {
    return connection_.IsUsable() && !isRollbackFailed_ && !connection_.IsInTransaction();
  }

  void Session::CheckInTransaction() const
  {
    if (isRunning_)
    {
      throw UsageError("SQLite: the handlers of a statement must not use its session");
    }
    if (!connection_.IsInTransaction())
    {
      throw UsageError("SQLite: this session is not in a transaction");
    }
  }

  void Session::CheckStillInTransaction()
  {
    if (!connection_.IsInTransaction())
    {
      throw StatementError("SQLite: a statement has ended the transaction");
    }
  }
}
