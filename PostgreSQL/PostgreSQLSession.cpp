// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLSession.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLCommitResolver.h"
#include "PostgreSQL/PostgreSQLSettings.h"

#include <array>
#include <utility>

namespace OrthancRegistry
{
  PostgreSQLSession::PostgreSQLSession(const PostgreSQLParameters& parameters,
                                       std::unique_ptr<PostgreSQLConnection> connection,
                                       std::shared_ptr<SessionGeneration> generation)
      : parameters_(parameters), pipeline_(RefuseWrites(std::move(connection))),
        generation_(std::move(generation)), born_(*generation_)
  {
  }

  std::unique_ptr<PostgreSQLConnection>
  PostgreSQLSession::RefuseWrites(std::unique_ptr<PostgreSQLConnection> connection)
  {
    if (!connection->IsPooled())
    {
      connection->Execute(
          "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY", {});
    }
    return connection;
  }

  void PostgreSQLSession::CheckActive() const
  {
    if (pipeline_.IsReceiving())
    {
      throw UsageError("A handler of results must not use its session");
    }
    if (state_ == State::Idle)
    {
      throw UsageError("No transaction has begun");
    }
  }

  void PostgreSQLSession::Begin(AccessMode mode)
  {
    if (pipeline_.IsReceiving() || state_ != State::Idle)
    {
      throw UsageError("A transaction cannot begin inside another one");
    }
    mode_ = mode;
    transactionId_.clear();
    proof_.clear();
    state_ = State::Opened;
  }

  void PostgreSQLSession::SetProof(std::string_view sql, std::string_view parameter)
  {
    CheckActive();
    proof_ = sql;
    proofParameter_ = parameter;
  }

  bool PostgreSQLSession::NeedsBegin() const
  {
    return mode_ != AccessMode::ReadOnly || pipeline_.GetConnection().IsPooled();
  }

  void PostgreSQLSession::SendBegin()
  {
    if (!NeedsBegin())
    {
      pipeline_.BeginReading();
      return;
    }
    if (mode_ == AccessMode::ReadOnly)
    {
      pipeline_.SendBegin("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", false);
      SendSettings();
      return;
    }

    // Behind a lock, a snapshot from before the wait would show what the holder has changed since: never
    // serializable
    if (mode_ == AccessMode::ReadWrite && parameters_.serializable)
    {
      pipeline_.SendBegin("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE", true);
    }
    else
    {
      pipeline_.SendBegin("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", true);
    }
    SendSettings();
    if (mode_ == AccessMode::Exclusive)
    {
      // Migrations of a large database take their time, and other replicas wait for them.
      pipeline_.Send("SELECT set_config('lock_timeout', '10min', true),"
                     " set_config('statement_timeout', '0', true)",
                     {}, {}, {});
      pipeline_.Send("SELECT pg_advisory_xact_lock(44)", {}, {}, {});
      // Who waits for a table makes all others wait behind it: the Migrator tries again instead.
      pipeline_.Send("SELECT set_config('lock_timeout', '2s', true)", {}, {}, {});
    }
    pipeline_.SendNoting("SELECT CAST(pg_current_xact_id() AS TEXT)", transactionId_);
  }

  // Behind a pooler a session of the server serves many clients in turn, so that its settings would be lost,
  // or those of somebody else. They last as long as the transaction.
  void PostgreSQLSession::SendSettings()
  {
    if (pipeline_.GetConnection().IsPooled())
    {
      const std::array parameters = {Bind(parameters_.schema), Bind("true")};
      pipeline_.Send(PostgreSQLSettings::STATEMENT, parameters, {}, {});
    }
  }

  void PostgreSQLSession::LogStatement(std::string_view sql) const
  {
    if (parameters_.logsStatements)
    {
      LogInfo("PostgreSQL: " + std::string(sql));
    }
  }

  void PostgreSQLSession::Enqueue(std::string_view sql, std::span<const Parameter> parameters,
                                  RowHandler onRow, DoneHandler onDone)
  {
    CheckActive();
    LogStatement(sql);
    if (state_ == State::Opened)
    {
      state_ = State::Active;
      SendBegin();
    }
    pipeline_.CloseEvicted();
    pipeline_.Send(sql, parameters, std::move(onRow), std::move(onDone));
    pipeline_.CountStatement();
    if (pipeline_.IsFull())
    {
      pipeline_.Receive();
    }
  }

  void PostgreSQLSession::Flush()
  {
    CheckActive();
    if (state_ == State::Active)
    {
      pipeline_.Receive();
    }
  }

  void PostgreSQLSession::ExecuteScript(std::string_view sql)
  {
    CheckActive();
    LogStatement(sql);
    if (state_ == State::Opened)
    {
      state_ = State::Active;
      SendBegin();
    }
    pipeline_.Receive();
    pipeline_.ExecuteScript(sql);
  }

  void PostgreSQLSession::Commit()
  {
    CheckActive();
    if (state_ == State::Opened)
    {
      EndTransaction();
      return;
    }
    try
    {
      if (mode_ == AccessMode::ReadOnly)
      {
        CommitReading();
      }
      else
      {
        CommitWriting();
      }
    }
    catch (...)
    {
      Rollback();
      throw;
    }
    EndTransaction();
  }

  void PostgreSQLSession::CommitReading()
  {
    pipeline_.Receive();
    if (NeedsBegin())
    {
      pipeline_.Send("COMMIT", {}, {}, {});
      pipeline_.Synchronize();
      pipeline_.Abandon();
    }
  }

  // Without the identifier of its transaction
  bool PostgreSQLSession::CanBeResolved() const
  {
    const PostgreSQLConnection& connection = pipeline_.GetConnection();
    return !proof_.empty() && !connection.IsPooled() && !connection.GetProcessStart().empty();
  }

  void PostgreSQLSession::CommitWriting()
  {
    // Handlers first: one that throws must find the transaction still undone.
    if ((transactionId_.empty() && !CanBeResolved()) || pipeline_.HasHandlers())
    {
      pipeline_.Receive();
    }
    CallHook(CommitStage::BeforeSending);
    try
    {
      pipeline_.Send("COMMIT", {}, {}, {});
      pipeline_.Synchronize();
      CallHook(CommitStage::AfterSending);
      pipeline_.Receive();
    }
    catch (const ConnectionLostError&)
    {
      broken_ = true;
      EndTransaction();
      const PostgreSQLConnection& connection = pipeline_.GetConnection();
      ResolveCommit(parameters_, {transactionId_, GetServerProcess(), connection.GetProcessStart(),
                                  connection.GetIncarnation(), proof_, proofParameter_});
    }
  }

  void PostgreSQLSession::Rollback() noexcept
  {
    if (pipeline_.IsReceiving())
    {
      broken_ = true;
      return;
    }
    if (state_ == State::Active && !broken_)
    {
      try
      {
        Undo();
      }
      catch (...)
      {
        broken_ = true;
      }
    }
    EndTransaction();
  }

  void PostgreSQLSession::Undo()
  {
    // What went wrong before must not make the server skip the ROLLBACK.
    pipeline_.Synchronize();
    pipeline_.Abandon();
    if (NeedsBegin())
    {
      pipeline_.Send("ROLLBACK", {}, {}, {});
    }
    pipeline_.Receive();
    if (pipeline_.IsInTransaction())
    {
      broken_ = true;
    }
  }

  void PostgreSQLSession::EndTransaction()
  {
    state_ = State::Idle;
    NoteUselessServer();
  }

  void PostgreSQLSession::NoteUselessServer() noexcept
  {
    if (pipeline_.IsServerUseless() && *generation_ == born_)
    {
      ++*generation_;
    }
  }

  bool PostgreSQLSession::IsUsable() const
  {
    return !broken_ && *generation_ == born_ && pipeline_.IsAlive();
  }

  void PostgreSQLSession::CallHook(CommitStage stage) const
  {
    if (commitHook_)
    {
      commitHook_(stage);
    }
  }
}
