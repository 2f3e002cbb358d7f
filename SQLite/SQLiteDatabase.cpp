// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteDatabase.h"

#include "Framework/Database/DatabaseErrors.h"
#include "SQLite/CommitSignal.h"
#include "SQLite/SQLiteSession.h"
#include "SQLite/SQLiteSessionPool.h"

namespace OrthancRegistry
{
  class SQLiteDatabase::Implementation
  {
  public:
    explicit Implementation(const SQLiteParameters& parameters)
        : parameters_(parameters), writers_(1, std::chrono::seconds(parameters.acquireTimeoutSeconds),
                                            [this]
                                            {
                                              return Open(SQLite::ConnectionKind::Writer);
                                            }),
          readers_(parameters.maximumReaders, std::chrono::seconds(parameters.acquireTimeoutSeconds),
                   [this]
                   {
                     return Open(parameters_.isReadOnly ? SQLite::ConnectionKind::Outsider
                                                        : SQLite::ConnectionKind::Reader);
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
      return mode == AccessMode::ReadOnly ? readers_.Acquire() : writers_.Acquire();
    }

  private:
    std::unique_ptr<ISession> Open(SQLite::ConnectionKind kind)
    {
      return std::make_unique<SQLite::Session>(parameters_.path, kind,
                                               std::chrono::seconds(parameters_.busyTimeoutSeconds), signal_);
    }

    const SQLiteParameters parameters_;
    SQLite::CommitSignal signal_;
    SQLite::SessionPool writers_;
    SQLite::SessionPool readers_;
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

  SQLite::CommitSignal& SQLiteDatabase::GetCommitSignal() const
  {
    return implementation_->GetCommitSignal();
  }
}
