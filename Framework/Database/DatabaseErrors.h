// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"

namespace OrthancRegistry
{
  // The errors of a database engine, by what the caller can do about them. Messages hold the engine's text
  // and its code, never a bound value nor a connection string.
  class DatabaseError : public RegistryError
  {
  public:
    using RegistryError::RegistryError;
  };

  // Another transaction was in the way (serialization failure, deadlock, lock timeout, busy file). Nothing
  // was committed: run the whole transaction again.
  class RetryableError : public DatabaseError
  {
  public:
    explicit RetryableError(const std::string& message)
        : DatabaseError(ErrorCode::DatabaseCannotSerialize, message)
    {
    }
  };

  // The connection broke, or cannot be made, or none became free in time. Nothing was committed: may be run
  // again.
  class ConnectionLostError : public DatabaseError
  {
  public:
    explicit ConnectionLostError(const std::string& message)
        : DatabaseError(ErrorCode::DatabaseUnavailable, message)
    {
    }
  };

  // The connection broke during COMMIT and the database could not be asked what became of it. Never run again
  // blindly: read back by identifier and revision.
  class CommitInDoubtError : public DatabaseError
  {
  public:
    explicit CommitInDoubtError(const std::string& message)
        : DatabaseError(ErrorCode::DatabaseUnavailable, message)
    {
    }
  };

  // A unique, foreign key, check or not-null constraint refused the statement.
  class ConstraintError : public DatabaseError
  {
  public:
    explicit ConstraintError(const std::string& message) : DatabaseError(ErrorCode::Database, message)
    {
    }
  };

  // Everything else: a wrong statement, a full disk, missing rights, an unexpected number of rows. Running it
  // again would fail again.
  class StatementError : public DatabaseError
  {
  public:
    explicit StatementError(const std::string& message) : DatabaseError(ErrorCode::Database, message)
    {
    }
  };

  // The role that the server is connected with may not do this.
  class PermissionError : public StatementError
  {
  public:
    using StatementError::StatementError;
  };

  // The API was used in a wrong order: nested transaction, statement after an error or after the end.
  class UsageError : public DatabaseError
  {
  public:
    explicit UsageError(const std::string& message) : DatabaseError(ErrorCode::BadSequenceOfCalls, message)
    {
    }
  };
}
