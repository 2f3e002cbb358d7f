// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLPipeline.h"

#include "Framework/Common/ScopedFlag.h"
#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLBinding.h"
#include "PostgreSQL/PostgreSQLErrors.h"
#include "PostgreSQL/PostgreSQLRow.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_UNANSWERED_COMMANDS = 500;
    constexpr size_t MAXIMUM_UNANSWERED_BYTES = 4 * 1024 * 1024;
    constexpr int BINARY_FORMAT = 1;

    constexpr std::string_view FEATURE_NOT_SUPPORTED =
        "0A000"; // also: cached plan must not change result type
    constexpr std::string_view INVALID_STATEMENT_NAME = "26000";

    int64_t ParseCount(const char* text)
    {
      int64_t count = 0;
      std::from_chars(text, text + std::strlen(text), count);
      return count;
    }
  }

  PostgreSQLPipeline::PostgreSQLPipeline(std::unique_ptr<PostgreSQLConnection> connection)
      : connection_(std::move(connection)), serverProcess_(PQbackendPID(connection_->Get()))
  {
    // Without blocking, because client and server could otherwise wait forever for each other to read.
    if (PQsetnonblocking(Get(), 1) != 0 || PQenterPipelineMode(Get()) != 1)
    {
      ThrowLost();
    }
  }

  void PostgreSQLPipeline::SetLost()
  {
    lost_ = true;
    commands_.clear();
    error_ = nullptr;
  }

  void PostgreSQLPipeline::ThrowLost()
  {
    SetLost();
    throw ConnectionLostError("The connection to PostgreSQL broke: " + connection_->GetErrorMessage());
  }

  void PostgreSQLPipeline::CheckSent(int success)
  {
    if (success == 1)
    {
      return;
    }
    if (!connection_->IsAlive())
    {
      ThrowLost();
    }
    throw StatementError("PostgreSQL: " + connection_->GetErrorMessage());
  }

  std::string PostgreSQLPipeline::Prepare(const std::string& sql, const std::string& signature, int count,
                                          const Oid* types)
  {
    const std::string name = cache_.Insert(sql, signature);
    const int success = PQsendPrepare(Get(), name.c_str(), sql.c_str(), count, types);
    if (success != 1)
    {
      cache_.Forget(name);
    }
    CheckSent(success);
    commands_.push_back({.kind = Kind::Prepare, .statement = name});
    statistics_.preparations++;
    return name;
  }

  void PostgreSQLPipeline::Send(std::string_view sql, std::span<const Parameter> parameters,
                                ISession::RowHandler onRow, ISession::DoneHandler onDone)
  {
    if (lost_)
    {
      throw ConnectionLostError("The connection to PostgreSQL broke");
    }
    const PostgreSQLBinding binding(parameters);
    std::string name = cache_.Find(sql, binding.GetSignature());
    const bool fresh = name.empty();
    if (fresh)
    {
      name = Prepare(std::string(sql), binding.GetSignature(), binding.GetCount(), binding.GetTypes());
    }
    CheckSent(PQsendQueryPrepared(Get(), name.c_str(), binding.GetCount(), binding.GetValues(),
                                  binding.GetLengths(), binding.GetFormats(), BINARY_FORMAT));
    commands_.push_back({.kind = Kind::Execute,
                         .statement = std::move(name),
                         .onRow = std::move(onRow),
                         .onDone = std::move(onDone),
                         .fresh = fresh});
    unansweredBytes_ += binding.GetSize() + sql.size();
  }

  void PostgreSQLPipeline::SendNoting(std::string_view sql, std::string& target)
  {
    Send(sql, {}, {}, {});
    commands_.back().note = &target;
  }

  void PostgreSQLPipeline::SendBegin(std::string_view sql, bool isWriting)
  {
    Send(sql, {}, {}, {});
    isWriting_ = isWriting;
    commands_.back().isBegin = true;
  }

  void PostgreSQLPipeline::CloseEvicted()
  {
    for (std::string& name : cache_.TakeEvicted())
    {
#ifdef LIBPQ_HAS_CLOSE_PREPARED
      CheckSent(PQsendClosePrepared(Get(), name.c_str()));
#else
      const std::string sql = "DEALLOCATE " + name; // the name is a word and a counter
      CheckSent(PQsendQueryParams(Get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
#endif
      commands_.push_back({.kind = Kind::Close, .statement = std::move(name)});
    }
  }

  bool PostgreSQLPipeline::IsFull() const
  {
    return commands_.size() >= MAXIMUM_UNANSWERED_COMMANDS || unansweredBytes_ >= MAXIMUM_UNANSWERED_BYTES;
  }

  bool PostgreSQLPipeline::HasHandlers() const
  {
    return std::any_of(commands_.begin(), commands_.end(),
                       [](const Command& command)
                       {
                         return command.onRow || command.onDone;
                       });
  }

  void PostgreSQLPipeline::Abandon()
  {
    for (Command& command : commands_)
    {
      command.onRow = {};
      command.onDone = {};
      command.note = nullptr;
      command.abandoned = true;
    }
  }

  void PostgreSQLPipeline::Synchronize()
  {
    if (commands_.empty() || commands_.back().kind == Kind::Synchronize)
    {
      return;
    }
    CheckSent(PQpipelineSync(Get()));
    commands_.push_back({.kind = Kind::Synchronize, .statement = {}});
  }

  void PostgreSQLPipeline::Receive()
  {
    Synchronize();
    if (commands_.empty())
    {
      return;
    }
    {
      const ScopedFlag flag(receiving_);
      statistics_.roundTrips++;
      unansweredBytes_ = 0;
      while (!commands_.empty())
      {
        ReceiveCommand(commands_.front());
        commands_.pop_front();
      }
    }
    if (error_ != nullptr)
    {
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
  }

  PostgreSQLResult PostgreSQLPipeline::ReceiveResult()
  {
    // Sending goes on while waiting: the server does not read on as long as its own answers are not read.
    for (;;)
    {
      const int unsent = PQflush(Get());
      if (unsent < 0 && !connection_->IsAlive())
      {
        ThrowLost();
      }
      if (PQisBusy(Get()) == 0)
      {
        return PostgreSQLResult(PQgetResult(Get()));
      }
      if (WaitForAnswer(unsent == 1) && PQconsumeInput(Get()) == 0)
      {
        ThrowLost();
      }
    }
  }

  bool PostgreSQLPipeline::WaitForAnswer(bool write)
  {
    try
    {
      return connection_->WaitForAnswer(write);
    }
    catch (const ConnectionLostError&)
    {
      isServerUseless_ = true;
      SetLost();
      throw;
    }
  }

  void PostgreSQLPipeline::ReceiveCommand(Command& command)
  {
    if (command.onRow)
    {
      PQsetSingleRowMode(Get());
    }
    for (;;)
    {
      const PostgreSQLResult result = ReceiveResult();
      if (result == nullptr)
      {
        if (!connection_->IsAlive())
        {
          ThrowLost();
        }
        return;
      }
      HandleResult(command, result.get());
      if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC)
      {
        return;
      }
    }
  }

  void PostgreSQLPipeline::HandleResult(Command& command, const PGresult* result)
  {
    switch (PQresultStatus(result))
    {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_EMPTY_QUERY:
      HandleRows(command, result);
      return;
    case PGRES_PIPELINE_SYNC:
      return;
    case PGRES_PIPELINE_ABORTED:
      HandleSkipped(command);
      return;
    default:
      HandleFailure(command, result);
    }
  }

  void PostgreSQLPipeline::HandleRows(Command& command, const PGresult* result)
  {
    if (error_ != nullptr)
    {
      return;
    }
    try
    {
      if (command.note != nullptr && PQntuples(result) == 1)
      {
        *command.note = PostgreSQLRow(result, 0).GetText(0);
      }
      for (int row = 0; command.onRow && row < PQntuples(result); row++)
      {
        command.onRow(PostgreSQLRow(result, row));
      }
      if (command.onDone && PQresultStatus(result) != PGRES_SINGLE_TUPLE)
      {
        command.onDone(ParseCount(PQcmdTuples(const_cast<PGresult*>(result))));
      }
    }
    catch (...)
    {
      KeepError(command, std::current_exception());
    }
  }

  void PostgreSQLPipeline::HandleSkipped(Command& command)
  {
    if (command.kind == Kind::Prepare)
    {
      cache_.Forget(command.statement);
    }
    else if (command.kind == Kind::Close)
    {
      cache_.AddEvicted(command.statement);
    }
  }

  void PostgreSQLPipeline::HandleFailure(Command& command, const PGresult* result)
  {
    const std::string sqlState = GetSqlState(result);
    if (sqlState.empty() && !connection_->IsAlive())
    {
      ThrowLost();
    }
    if (command.kind == Kind::Prepare)
    {
      cache_.Forget(command.statement);
    }
    HandleReadOnlyServer(command, sqlState);
    try
    {
      const bool stale = sqlState == FEATURE_NOT_SUPPORTED || sqlState == INVALID_STATEMENT_NAME;
      if (command.kind == Kind::Execute && !command.fresh && stale)
      {
        cache_.Forget(command.statement);
        cache_.AddEvicted(command.statement);
        throw RetryableError("PostgreSQL: a prepared statement became stale (SQLSTATE " + sqlState + ")");
      }
      ThrowResultError(result);
    }
    catch (const ConnectionLostError&)
    {
      SetLost();
      throw;
    }
    catch (...)
    {
      KeepError(command, std::current_exception());
    }
  }

  // "command" is one of those that SetLost() removes.
  void PostgreSQLPipeline::HandleReadOnlyServer(const Command& command, const std::string& sqlState)
  {
    if (isWriting_ && IsReadOnlyServer(sqlState, command.isBegin))
    {
      isServerUseless_ = true;
      SetLost();
      throw ConnectionLostError("The PostgreSQL server cannot be written any more (SQLSTATE " + sqlState +
                                "): looking for another one");
    }
  }

  void PostgreSQLPipeline::KeepError(const Command& command, std::exception_ptr error)
  {
    if (error_ == nullptr && !command.abandoned)
    {
      error_ = std::move(error);
    }
  }

  void PostgreSQLPipeline::ExecuteScript(std::string_view sql)
  {
    if (PQexitPipelineMode(Get()) != 1)
    {
      ThrowLost();
    }
    statistics_.roundTrips++;
    const PostgreSQLResult result(PQexec(Get(), std::string(sql).c_str()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (!connection_->IsAlive() || PQenterPipelineMode(Get()) != 1)
    {
      ThrowLost();
    }
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
    {
      ThrowResultError(result.get());
    }
  }

  bool PostgreSQLPipeline::IsAlive() const
  {
    // A server that ended the connection has said so, and libpq finds out when it reads that. Some messages
    // may come before.
    pollfd descriptor = {PQsocket(Get()), POLLIN, 0};
    while (!lost_ && connection_->IsAlive() && poll(&descriptor, 1, 0) == 1)
    {
      if (PQconsumeInput(Get()) == 0)
      {
        return false;
      }
    }
    return !lost_ && connection_->IsAlive();
  }

  bool PostgreSQLPipeline::IsInTransaction() const
  {
    return PQtransactionStatus(Get()) != PQTRANS_IDLE;
  }
}
