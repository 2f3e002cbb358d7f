// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

  // One connection of libpq, to a server that can be written (unless the parameters say that it need not be).
  // Used by one thread at a time.
  //
  // Its session has the settings of this project: schema and time limits. Behind a pooler it has them not,
  // because there each transaction may run in another session of the server: see IsPooled().
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
      return PQstatus(connection_.get()) == CONNECTION_OK && !isSilent_;
    }

    // Whether a pooler (like PgBouncer) stands between this process and the server
    bool IsPooled() const
    {
      return isPooled_;
    }

    // Of the server: another one after a crash, and at a standby that has taken over. "" if it does not tell.
    const std::string& GetIncarnation() const
    {
      return incarnation_;
    }

    // When the process of the server began that serves this connection: with its number, it is told from all
    // other ones. "" if the server does not tell.
    const std::string& GetProcessStart() const
    {
      return processStart_;
    }

    // Gives the settings to the session (behind a pooler that works by session only), or to a transaction.
    void ApplySettings(const std::string& schema, bool isLocal = false) const;

    // The last message of libpq, on one line and without the password
    std::string GetErrorMessage() const;

    // Waits until the socket can be read (or written, if "write"), or until the other descriptor can be read
    // (-1 for none). Answers whether the socket is ready for reading.
    bool Wait(bool write, int otherDescriptor = -1,
              std::chrono::milliseconds longest = std::chrono::milliseconds(-1)) const;

    // Waits for what the server has to say about something that was sent. From time to time it is made sure
    // that the server is still there: one that hangs, with a system that goes on, breaks no connection.
    // ConnectionLostError if it is not.
    bool WaitForAnswer(bool write) const;

    // Asks over another connection whether the server is still there, or hangs.
    bool DoesServerAnswer() const;

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

    void Connect(const PostgreSQLParameters& parameters);
    void Examine(const PostgreSQLParameters& parameters);
    PostgreSQLResult AskState() const;
    PostgreSQLResult ReceiveResult() const;

    std::vector<std::pair<std::string, std::string>> keywords_; // complete, the host in use among them
    std::vector<std::string> secrets_;
    std::chrono::seconds answerCheck_;
    std::unique_ptr<PGconn, Finisher> connection_;
    bool isPooled_ = false;
    mutable bool isSilent_ = false; // it was given up, see WaitForAnswer()
    std::string incarnation_;
    std::string processStart_;
  };
}
