// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteDatabase.h"

#include "Framework/Database/DatabaseErrors.h"
#include "SQLite/CommitSignal.h"
#include "SQLite/LogFile.h"
#include "SQLite/SQLiteSessionPool.h"
#include "SQLite/WritingSession.h"

namespace OrthancRegistry
{
  class SQLiteDatabase::Implementation
  {
  public:
    explicit Implementation(const SQLiteParameters& parameters)
        : parameters_(parameters), busyTimeout_(std::chrono::seconds(parameters.busyTimeoutSeconds)),
          writers_(1, std::chrono::seconds(parameters.acquireTimeoutSeconds),
                   [this]
                   {
                     return OpenWriter();
                   }),
          readers_(parameters.maximumReaders, std::chrono::seconds(parameters.acquireTimeoutSeconds),
                   [this]
                   {
                     return OpenReader();
                   }),
          logFile_(parameters.path, busyTimeout_), log_(
                                                       [this]
                                                       {
                                                         logFile_.Sync();
                                                       }),
          checkpointer_(parameters.path, busyTimeout_,
                        [this]
                        {
                          SessionLease lease = writers_.Acquire();
                          return std::make_unique<SQLite::Checkpointer::Pause>(std::move(lease), *turns_);
                        })
    {
    }

    const SQLiteParameters& GetParameters() const
    {
      return parameters_;
    }

    SQLite::CommitSignal& GetCommitSignal()
    {
      return signal_;
    }

    SessionLease Acquire(AccessMode mode)
    {
      if (mode == AccessMode::ReadOnly)
      {
        return readers_.Acquire();
      }
      return {std::make_unique<SQLite::WritingSession>(writers_, log_, checkpointer_),
              [](const std::unique_ptr<ISession>& session)
              {
                session->Rollback();
              }};
    }

    SQLiteStatistics GetStatistics() const
    {
      return {log_.CountSyncs(), checkpointer_.CountRuns()};
    }

  private:
    std::unique_ptr<ISession> OpenWriter()
    {
      if (turns_ == nullptr)
      {
        turns_ = std::make_unique<SQLite::WriterTurns>(parameters_.path);
      }
      auto session = std::make_unique<SQLite::Session>(parameters_.path, SQLite::ConnectionKind::Writer,
                                                       busyTimeout_, signal_, turns_.get());
      logFile_.Open(); // so that no commit fails for want of it
      return session;
    }

    std::unique_ptr<ISession> OpenReader()
    {
      const auto kind =
          parameters_.isReadOnly ? SQLite::ConnectionKind::Outsider : SQLite::ConnectionKind::Reader;
      return std::make_unique<SQLite::Session>(parameters_.path, kind, busyTimeout_, signal_);
    }

    const SQLiteParameters parameters_;
    const std::chrono::milliseconds busyTimeout_;
    SQLite::CommitSignal signal_;
    std::unique_ptr<SQLite::WriterTurns> turns_; // of the writer
    SQLite::SessionPool writers_;
    SQLite::SessionPool readers_;
    SQLite::LogFile logFile_;
    SQLite::LogSync log_;
    SQLite::Checkpointer checkpointer_; // the last, so that its thread ends first
  };

  SQLiteDatabase::SQLiteDatabase(const SQLiteParameters& parameters)
      : implementation_(std::make_unique<Implementation>(parameters))
  {
    if (parameters.path.empty() || parameters.maximumReaders == 0)
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "SQLite: a path and at least one reading connection are needed");
    }
  }

  SQLiteDatabase::~SQLiteDatabase() = default;

  std::string_view SQLiteDatabase::GetBootstrapScript() const
  {
    return "CREATE TABLE IF NOT EXISTS SharedVersions("
           "component TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL,"
           " compatible INTEGER NOT NULL DEFAULT 0)";
  }

  SessionLease SQLiteDatabase::Acquire(AccessMode mode)
  {
    return implementation_->Acquire(mode);
  }

  const SQLiteParameters& SQLiteDatabase::GetParameters() const
  {
    return implementation_->GetParameters();
  }

  SQLiteStatistics SQLiteDatabase::GetStatistics() const
  {
    return implementation_->GetStatistics();
  }

  SQLite::CommitSignal& SQLiteDatabase::GetCommitSignal() const
  {
    return implementation_->GetCommitSignal();
  }
}
