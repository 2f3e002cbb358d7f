// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Transaction.h"

namespace OrthancRegistry
{
  Transaction::Transaction(IDatabase& database, AccessMode mode) : mode_(mode), lease_(database.Acquire(mode))
  {
    lease_.GetSession().Begin(mode);
  }

  Transaction::~Transaction()
  {
    if (state_ != State::Ended)
    {
      lease_.GetSession().Rollback();
    }
  }

  template <typename Action>
  void Transaction::Guard(Action action)
  {
    if (state_ != State::Active)
    {
      throw UsageError(state_ == State::Ended ? "This transaction has ended"
                                              : "This transaction has failed, it can only be rolled back");
    }
    try
    {
      action();
    }
    catch (...)
    {
      state_ = State::Failed;
      throw;
    }
  }

  void Transaction::EnqueueBound(std::string_view sql, std::span<const Parameter> parameters,
                                 ISession::RowHandler onRow, ISession::DoneHandler onDone)
  {
    Guard(
        [&]
        {
          lease_.GetSession().Enqueue(sql, parameters, std::move(onRow), std::move(onDone));
        });
  }

  void Transaction::QueryRows(std::string_view sql, std::span<const Parameter> parameters,
                              ISession::RowHandler onRow)
  {
    QueryRowsLater(sql, parameters, std::move(onRow));
    Flush();
  }

  void Transaction::QueryRowsLater(std::string_view sql, std::span<const Parameter> parameters,
                                   ISession::RowHandler onRow)
  {
    EnqueueBound(sql, parameters, std::move(onRow), {});
  }

  void Transaction::Flush()
  {
    Guard(
        [&]
        {
          lease_.GetSession().Flush();
        });
  }

  void Transaction::ExecuteScript(std::string_view sql)
  {
    Guard(
        [&]
        {
          lease_.GetSession().ExecuteScript(sql);
        });
  }

  void Transaction::Commit()
  {
    Guard(
        [&]
        {
          lease_.GetSession().Commit();
        });
    state_ = State::Ended;
  }

  void Transaction::Rollback()
  {
    if (state_ == State::Ended)
    {
      throw UsageError("This transaction has ended");
    }
    state_ = State::Ended;
    lease_.GetSession().Rollback();
  }
}
