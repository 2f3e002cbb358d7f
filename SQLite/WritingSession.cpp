// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/WritingSession.h"

#include "Framework/Database/DatabaseErrors.h"

namespace OrthancRegistry::SQLite
{
  WritingSession::WritingSession(SessionPool& writers, LogSync& log, Checkpointer& checkpointer)
      : writers_(writers), lease_(writers.Acquire()), log_(log), checkpointer_(checkpointer)
  {
  }

  Session& WritingSession::Get() const
  {
    if (!lease_)
    {
      throw UsageError("SQLite: this transaction has ended");
    }
    return static_cast<Session&>(lease_->GetSession());
  }

  void WritingSession::GiveBack() noexcept
  {
    statistics_ = lease_->GetSession().GetStatistics();
    lease_.reset();
  }

  void WritingSession::Begin(AccessMode mode)
  {
    log_.CheckUsable();
    if (!lease_)
    {
      lease_.emplace(writers_.Acquire());
    }
    Get().Begin(mode);
  }

  void WritingSession::Commit()
  {
    Session& session = Get();
    session.Commit();
    // What this transaction has only read, for instance that it was run before, may have to be synced as well
    const uint64_t number = session.HasNews() ? log_.Add() : log_.GetLast();
    checkpointer_.OnCommit(session.GetLogPages());
    GiveBack();
    log_.Wait(number);
  }

  void WritingSession::Rollback() noexcept
  {
    if (lease_)
    {
      lease_->GetSession().Rollback();
      GiveBack();
    }
  }

  void WritingSession::Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                               DoneHandler onDone)
  {
    Get().Enqueue(sql, parameters, std::move(onRow), std::move(onDone));
  }

  void WritingSession::Flush()
  {
    Get().Flush();
  }

  void WritingSession::ExecuteScript(std::string_view sql)
  {
    Get().ExecuteScript(sql);
  }

  bool WritingSession::IsUsable() const
  {
    return !lease_ || lease_->GetSession().IsUsable();
  }

  const SessionStatistics& WritingSession::GetStatistics() const
  {
    return lease_ ? lease_->GetSession().GetStatistics() : statistics_;
  }

  void WritingSession::AnnounceCommit()
  {
    Get().AnnounceCommit();
  }
}
