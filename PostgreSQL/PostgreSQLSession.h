// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/CommitProof.h"
#include "PostgreSQL/PostgreSQLPipeline.h"

#include <atomic>

namespace OrthancRegistry
{
  // Of the sessions of a pool: raised by one whose server turned out to be read-only, or not to answer any
  // more. Those from before may have the same server, and are not used again.
  using SessionGeneration = std::atomic<uint64_t>;

  // Transactions over one pipelined connection. The round trips of a transaction: one for each Flush() that
  // has something to wait for. BEGIN travels with the first statement; COMMIT of a writing transaction
  // travels with the statements before it, provided that its outcome can be found out if the connection
  // breaks: by the identifier of the transaction, if that is known by then, or by a proof, see SetProof(). A
  // read-only transaction needs neither BEGIN nor COMMIT: at READ COMMITTED each of its statements sees what
  // is committed by then anyway, and the session refuses writes by itself. (Behind a pooler it does not, so
  // there they are sent, and COMMIT is not waited for.)
  class PostgreSQLSession : public ISession, public IProvableSession
  {
  public:
    enum class CommitStage
    {
      BeforeSending,
      AfterSending
    };

    // For tests that break the connection at the worst moment
    using CommitHook = std::function<void(CommitStage)>;

    PostgreSQLSession(const PostgreSQLParameters& parameters,
                      std::unique_ptr<PostgreSQLConnection> connection,
                      std::shared_ptr<SessionGeneration> generation);

    void Begin(AccessMode mode) override;
    void Commit() override;
    void Rollback() noexcept override;
    void Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                 DoneHandler onDone) override;
    void Flush() override;
    void ExecuteScript(std::string_view sql) override;
    void SetProof(std::string_view sql, std::string_view parameter) override;
    bool IsUsable() const override;

    const SessionStatistics& GetStatistics() const override
    {
      return pipeline_.GetStatistics();
    }

    void SetCommitHook(CommitHook hook)
    {
      commitHook_ = std::move(hook);
    }

    int GetServerProcess() const
    {
      return pipeline_.GetServerProcess();
    }

    int GetSocket() const
    {
      return pipeline_.GetSocket();
    }

  private:
    static std::unique_ptr<PostgreSQLConnection>
    RefuseWrites(std::unique_ptr<PostgreSQLConnection> connection);

    enum class State
    {
      Idle,
      Opened, // Begin() was called, BEGIN was not sent
      Active
    };

    void CheckActive() const;
    bool NeedsBegin() const;
    void SendBegin();
    void SendSettings();
    void LogStatement(std::string_view sql) const;
    void CommitReading();
    bool CanBeResolved() const;
    void CommitWriting();
    void Undo();
    void EndTransaction();
    void NoteUselessServer() noexcept;
    void CallHook(CommitStage stage) const;

    PostgreSQLParameters parameters_;
    PostgreSQLPipeline pipeline_;
    State state_ = State::Idle;
    AccessMode mode_ = AccessMode::ReadOnly;
    std::string transactionId_;
    std::string proof_;
    std::string proofParameter_;
    bool broken_ = false;
    const std::shared_ptr<SessionGeneration> generation_; // of the pool
    const uint64_t born_;                                 // the one it was made in
    CommitHook commitHook_;
  };
}
