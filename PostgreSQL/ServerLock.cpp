// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/ServerLock.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"

#include <poll.h>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds PERIOD(1000);

    // The server may need a moment to find out that the last connection has ended.
    constexpr int ATTEMPTS = 20;
    constexpr std::chrono::milliseconds PAUSE(100);

    // Longest time that a writer waits until it is known who has the lock; connecting may take longer.
    constexpr std::chrono::seconds PATIENCE(10);

    constexpr const char* ADVICE = "Set \"PostgreSQL.Lock\" to false in all of them to share it (a pooler "
                                   "between Orthanc and PostgreSQL "
                                   "cannot keep locks if it works by transaction)";
  }

  ServerLock::ServerLock(const PostgreSQLParameters& parameters, int64_t number)
      : parameters_(parameters), number_(std::to_string(number)), task_("The lock of the PostgreSQL database",
                                                                        [this]
                                                                        {
                                                                          Watch();
                                                                          return PERIOD;
                                                                        })
  {
  }

  void ServerLock::Take()
  {
    Connect(PostgreSQLConnection::ConnectWithRetries(parameters_));
    if (!TryTake())
    {
      throw RegistryError(ErrorCode::DatabaseUnavailable,
                          "Another Orthanc uses this PostgreSQL database" + DescribeHolder() + ". " + ADVICE);
    }
    SetState(State::Held);
    task_.Start();
  }

  void ServerLock::Release()
  {
    task_.Stop();
    SetState(State::Lost);
    Disconnect();
  }

  void ServerLock::Connect(std::unique_ptr<PostgreSQLConnection> connection)
  {
    // If this machine loses its power, the server is to forget the lock within half a minute.
    connection->Execute("SELECT set_config('tcp_keepalives_idle', '10', false),"
                        " set_config('tcp_keepalives_interval', '5', false),"
                        " set_config('tcp_keepalives_count', '3', false),"
                        " set_config('tcp_user_timeout', '30000', false)",
                        {});
    connection_ = std::move(connection);
    socket_ = PQsocket(connection_->Get());
  }

  bool ServerLock::TryTake()
  {
    const PostgreSQLResult result =
        connection_->Execute("SELECT pg_backend_pid(), pg_try_advisory_lock(CAST($1 AS BIGINT))", {number_});
    process_ = PQgetvalue(result.get(), 0, 0);
    return PQgetvalue(result.get(), 0, 1) == std::string_view("t");
  }

  std::string ServerLock::DescribeHolder() const
  {
    const PostgreSQLResult result = connection_->Execute(
        "SELECT coalesce(host(a.client_addr), 'the machine of the server'), a.application_name,"
        " date_trunc('second', a.backend_start) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objsubid = 1"
        " AND l.objid = CAST($1 AS oid)"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        {number_});
    if (PQntuples(result.get()) == 0)
    {
      return "";
    }
    const auto get = [&](int column)
    {
      return std::string(PQgetvalue(result.get(), 0, column));
    };
    return " (\"" + get(1) + "\" on " + get(0) + ", connected since " + get(2) + ")";
  }

  bool ServerLock::IsConnectionSound() const
  {
    if (connection_ == nullptr)
    {
      return false;
    }
    try
    {
      const PostgreSQLResult result = connection_->Execute("SELECT pg_backend_pid()", {});
      return PQgetvalue(result.get(), 0, 0) == process_;
    }
    catch (const DatabaseError&)
    {
      return false;
    }
  }

  void ServerLock::Watch()
  {
    if (GetState() == State::Lost)
    {
      TakeAgain(1);
    }
    else if (!IsConnectionSound())
    {
      SetState(State::Unsure);
      TakeAgain(ATTEMPTS);
    }
  }

  void ServerLock::TakeAgain(int attempts)
  {
    try
    {
      if (connection_ == nullptr || !connection_->IsAlive())
      {
        Disconnect();
        Connect(std::make_unique<PostgreSQLConnection>(parameters_));
      }
      bool isTaken = TryTake();
      for (int attempt = 1; attempt < attempts && !isTaken; attempt++)
      {
        std::this_thread::sleep_for(PAUSE);
        isTaken = TryTake();
      }
      if (isTaken)
      {
        isLossReported_ = false;
        SetState(State::Held);
        LogWarning("The connection that holds the lock of the PostgreSQL database broke: the lock has been "
                   "taken again");
      }
      else
      {
        ReportLoss("another Orthanc has taken it" + DescribeHolder() + ". " + ADVICE);
      }
    }
    catch (const DatabaseError& error)
    {
      ReportLoss(error.what());
    }
  }

  void ServerLock::ReportLoss(const std::string& reason)
  {
    SetState(State::Lost);
    if (!isLossReported_)
    {
      isLossReported_ = true;
      LogError("The lock of the PostgreSQL database is lost, nothing is written until it has been taken "
               "again: " +
               reason);
    }
  }

  void ServerLock::Disconnect()
  {
    socket_ = -1;
    connection_.reset();
  }

  ServerLock::State ServerLock::GetState()
  {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  void ServerLock::SetState(State state)
  {
    {
      const std::lock_guard lock(mutex_);
      state_ = state;
    }
    changed_.notify_all();
  }

  // An idle connection has something to read when it is closed by the server, and hardly ever otherwise.
  bool ServerLock::HasSomethingHappened() const
  {
    pollfd descriptor = {socket_, POLLIN, 0};
    return poll(&descriptor, 1, 0) > 0;
  }

  void ServerLock::CheckHeld()
  {
    if (HasSomethingHappened())
    {
      task_.RunNow(PATIENCE);
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, PATIENCE,
                      [this]
                      {
                        return state_ != State::Unsure;
                      });
    if (state_ != State::Held)
    {
      throw ConnectionLostError("The lock of the PostgreSQL database is lost (see the log): nothing is "
                                "written until it has been taken again");
    }
  }

  SessionLease LockedDatabase::Acquire(AccessMode mode)
  {
    if (mode != AccessMode::ReadOnly)
    {
      lock_.CheckHeld();
    }
    return database_.Acquire(mode);
  }

  void CheckSchemaExists(IDatabase& database, const std::string& schema)
  {
    const auto isUsable = RunTransaction(
        database, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          return transaction.QueryOptional<bool>(
              "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1", schema);
        });
    if (!isUsable)
    {
      throw RegistryError(
          ErrorCode::IncompatibleConfigurations,
          "The schema \"" + schema +
              "\" does not exist in the PostgreSQL database: an administrator must create it");
    }
    if (!std::get<0>(*isUsable))
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          "The role of this server may not use the schema \"" + schema +
                              "\" (see Resources/Roles/runtime-role.sql)");
    }
  }
}
