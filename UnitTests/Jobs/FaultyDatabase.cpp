// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/FaultyDatabase.h"

namespace OrthancRegistry::Testing
{
  class FaultyDatabase::Session : public ISession
  {
  public:
    Session(FaultyDatabase& database, SessionLease lease) : database_(database), lease_(std::move(lease))
    {
    }

    void Begin(AccessMode mode) override
    {
      mode_ = mode;
      GetTarget().Begin(mode);
    }

    void Commit() override
    {
      if (mode_ == AccessMode::ReadOnly || isHeartbeat_ || --database_.left_ != 0)
      {
        GetTarget().Commit();
        return;
      }
      const Fault fault = database_.fault_;
      if (fault == Fault::DoubtAfterCommit)
      {
        GetTarget().Commit();
      }
      else
      {
        GetTarget().Rollback();
      }
      hasEnded_ = true;
      database_.hasFailed_ = true;
      if (fault == Fault::LostBeforeCommit)
      {
        throw ConnectionLostError("The connection is broken for a test");
      }
      throw CommitInDoubtError("The answer to a commit is lost for a test");
    }

    void Rollback() noexcept override
    {
      if (!hasEnded_)
      {
        GetTarget().Rollback();
      }
    }

    void Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                 DoneHandler onDone) override
    {
      isHeartbeat_ =
          isHeartbeat_ || sql.starts_with("UPDATE SharedReplicas SET heartbeatAt = SharedNow(), running");
      GetTarget().Enqueue(sql, parameters, std::move(onRow), std::move(onDone));
    }

    void Flush() override
    {
      GetTarget().Flush();
    }

    void ExecuteScript(std::string_view sql) override
    {
      GetTarget().ExecuteScript(sql);
    }

    bool IsUsable() const override
    {
      return GetTarget().IsUsable();
    }

    const SessionStatistics& GetStatistics() const override
    {
      return GetTarget().GetStatistics();
    }

  private:
    ISession& GetTarget() const
    {
      return lease_.GetSession();
    }

    FaultyDatabase& database_;
    SessionLease lease_;
    AccessMode mode_ = AccessMode::ReadOnly;
    bool hasEnded_ = false;
    bool isHeartbeat_ = false;
  };

  FaultyDatabase::FaultyDatabase(std::unique_ptr<IDatabase> database) : database_(std::move(database))
  {
  }

  void FaultyDatabase::FailAt(unsigned int number, Fault fault)
  {
    fault_ = fault;
    hasFailed_ = false;
    left_ = number;
  }

  bool FaultyDatabase::HasFailed() const
  {
    return hasFailed_;
  }

  Engine FaultyDatabase::GetEngine() const
  {
    return database_->GetEngine();
  }

  std::string_view FaultyDatabase::GetBootstrapScript() const
  {
    return database_->GetBootstrapScript();
  }

  SessionLease FaultyDatabase::Acquire(AccessMode mode)
  {
    return SessionLease(std::make_unique<Session>(*this, database_->Acquire(mode)),
                        [](std::unique_ptr<ISession>)
                        {
                          // its own lease goes back to the pool
                        });
  }
}
