// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Database/IDatabase.h"

#include <atomic>

namespace OrthancRegistry::Testing
{
  // A database whose first commit of a writing transaction ends in doubt: it was committed, or it was not.
  class DoubtfulDatabase : public IDatabase
  {
  public:
    DoubtfulDatabase(IDatabase& database, bool isCommitted) : database_(database), isCommitted_(isCommitted)
    {
    }

    Engine GetEngine() const override
    {
      return database_.GetEngine();
    }

    std::string_view GetBootstrapScript() const override
    {
      return database_.GetBootstrapScript();
    }

    SessionLease Acquire(AccessMode mode) override
    {
      return {std::make_unique<Session>(*this, database_.Acquire(mode)), [](std::unique_ptr<ISession>) {}};
    }

    // How many are still to come
    int CountDoubts() const
    {
      return doubts_;
    }

  private:
    class Session : public ISession
    {
    public:
      Session(DoubtfulDatabase& database, SessionLease lease) : database_(database), lease_(std::move(lease))
      {
      }

      void Begin(AccessMode mode) override
      {
        mode_ = mode;
        Get().Begin(mode);
      }

      void Commit() override
      {
        if (mode_ == AccessMode::ReadOnly || database_.doubts_ == 0)
        {
          Get().Commit();
          return;
        }
        database_.doubts_--;
        if (database_.isCommitted_)
        {
          Get().Commit();
        }
        else
        {
          Get().Rollback();
        }
        throw CommitInDoubtError("Nobody knows");
      }

      void Rollback() noexcept override
      {
        Get().Rollback();
      }

      void Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                   DoneHandler onDone) override
      {
        Get().Enqueue(sql, parameters, std::move(onRow), std::move(onDone));
      }

      void Flush() override
      {
        Get().Flush();
      }

      void ExecuteScript(std::string_view sql) override
      {
        Get().ExecuteScript(sql);
      }

      bool IsUsable() const override
      {
        return Get().IsUsable();
      }

      const SessionStatistics& GetStatistics() const override
      {
        return Get().GetStatistics();
      }

    private:
      ISession& Get() const
      {
        return lease_.GetSession();
      }

      DoubtfulDatabase& database_;
      SessionLease lease_;
      AccessMode mode_ = AccessMode::ReadOnly;
    };

    IDatabase& database_;
    const bool isCommitted_;
    std::atomic<int> doubts_ = 1;
  };
}
