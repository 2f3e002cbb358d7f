// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"

#include <libpq-fe.h>

#include <memory>
#include <string>

namespace OrthancRegistry
{
  struct PostgreSQLResultDeleter
  {
    void operator()(PGresult* result) const
    {
      PQclear(result);
    }
  };

  using PostgreSQLResult = std::unique_ptr<PGresult, PostgreSQLResultDeleter>;

  // One connection of libpq with the session settings of this project: schema, encoding, time limits. Used by
  // one thread at a time.
  class PostgreSQLConnection
  {
  public:
    // One attempt; throws ConnectionLostError.
    explicit PostgreSQLConnection(const PostgreSQLParameters& parameters);

    // Attempts with growing pauses, as the parameters say.
    static std::unique_ptr<PostgreSQLConnection> ConnectWithRetries(const PostgreSQLParameters& parameters);

    PGconn* Get() const
    {
      return connection_.get();
    }

    bool IsAlive() const
    {
      return PQstatus(connection_.get()) == CONNECTION_OK;
    }

    // The last message of libpq, on one line and without the password
    std::string GetErrorMessage() const;

    // Waits until the socket can be read (or written, if "write"), or until the other descriptor can be read
    // (-1 for none). Answers whether the socket is ready for reading.
    bool Wait(bool write, int otherDescriptor = -1) const;

    // Runs one statement and waits for it; throws what ThrowResultError() throws. Not in pipeline mode.
    PostgreSQLResult Execute(const std::string& sql, const std::vector<std::string>& parameters) const;

  private:
    struct Finisher
    {
      void operator()(PGconn* connection) const
      {
        PQfinish(connection);
      }
    };

    void SetUp(const PostgreSQLParameters& parameters) const;

    std::unique_ptr<PGconn, Finisher> connection_;
    std::vector<std::string> secrets_;
  };
}
