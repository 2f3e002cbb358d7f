// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/ISession.h"
#include "PostgreSQL/PostgreSQLConnection.h"
#include "PostgreSQL/PostgreSQLStatementCache.h"

#include <deque>
#include <exception>
#include <memory>
#include <string>

namespace OrthancRegistry
{
  // A connection in the pipeline mode of libpq: statements are sent without waiting for the answers of those
  // before. After an error the server skips everything up to the next synchronization point. Knows nothing of
  // transactions. Used by one thread at a time.
  class PostgreSQLPipeline
  {
  public:
    explicit PostgreSQLPipeline(std::unique_ptr<PostgreSQLConnection> connection);

    void Send(std::string_view sql, std::span<const Parameter> parameters, ISession::RowHandler onRow,
              ISession::DoneHandler onDone);

    // A query of one text, which is noted once it is there. Nothing has to be waited for: see HasHandlers().
    void SendNoting(std::string_view sql, std::string& target);

    // BEGIN of a transaction that writes, or not. A server that only reads is lost to one that writes.
    void SendBegin(std::string_view sql, bool isWriting);

    // What follows, without BEGIN, only reads.
    void BeginReading()
    {
      isWriting_ = false;
    }

    // Sends a synchronization point, and as much of what is waiting to be sent as the network takes.
    void Synchronize();

    // Synchronizes and waits for all answers. Throws the first error, of the server or of a handler.
    void Receive();

    // Nobody is interested any more in what has been sent so far: neither handlers nor errors are to be
    // called and thrown, and nothing is noted. A loss of the connection still is.
    void Abandon();

    // Several statements as one text, alone on the connection. Receive() must have been called.
    void ExecuteScript(std::string_view sql);

    // Closes the prepared statements that the cache has dropped.
    void CloseEvicted();

    // True when so much is waiting for an answer that it is time for Receive().
    bool IsFull() const;

    bool HasUnanswered() const
    {
      return !commands_.empty();
    }

    // A row handler or done handler waits for its answer.
    bool HasHandlers() const;

    // True while Receive() calls handlers
    bool IsReceiving() const
    {
      return receiving_;
    }

    // False once the connection has broken, as far as it can be known without a round trip.
    bool IsAlive() const;

    // Whether the server is inside a transaction. Everything must have been answered.
    bool IsInTransaction() const;

    // It has refused to write, or does not answer any more. Its connections are of no use then, although they
    // may not be broken.
    bool IsServerUseless() const
    {
      return isServerUseless_;
    }

    const PostgreSQLConnection& GetConnection() const
    {
      return *connection_;
    }

    int GetServerProcess() const
    {
      return serverProcess_;
    }

    const SessionStatistics& GetStatistics() const
    {
      return statistics_;
    }

    void CountStatement()
    {
      statistics_.statements++;
    }

    int GetSocket() const
    {
      return PQsocket(Get());
    }

  private:
    enum class Kind
    {
      Prepare,
      Close,
      Execute,
      Synchronize
    };

    struct Command
    {
      Kind kind;
      std::string statement; // its name
      ISession::RowHandler onRow = {};
      ISession::DoneHandler onDone = {};
      std::string* note = nullptr; // for the first column
      bool fresh = false;          // its preparation is in the pipeline as well
      bool abandoned = false;      // see Abandon()
      bool isBegin = false;
    };

    PGconn* Get() const
    {
      return connection_->Get();
    }

    std::string Prepare(const std::string& sql, const std::string& signature, int count, const Oid* types);
    void CheckSent(int success);
    [[noreturn]] void ThrowLost();
    void SetLost();
    void HandleReadOnlyServer(const Command& command, const std::string& sqlState);
    void ReceiveCommand(Command& command);
    PostgreSQLResult ReceiveResult();
    bool WaitForAnswer(bool write);
    void HandleResult(Command& command, const PGresult* result);
    void HandleRows(Command& command, const PGresult* result);
    void HandleFailure(Command& command, const PGresult* result);
    void HandleSkipped(Command& command);
    void KeepError(const Command& command, std::exception_ptr error);

    std::unique_ptr<PostgreSQLConnection> connection_;
    int serverProcess_; // libpq forgets it with the connection
    PostgreSQLStatementCache cache_;
    std::deque<Command> commands_; // sent, and not answered yet
    size_t unansweredBytes_ = 0;
    bool receiving_ = false;
    bool lost_ = false;
    bool isWriting_ = false;
    bool isServerUseless_ = false;
    std::exception_ptr error_;
    SessionStatistics statistics_;
  };
}
