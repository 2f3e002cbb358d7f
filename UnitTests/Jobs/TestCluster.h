// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsService.h"
#include "Framework/Replicas/ReplicaIdentity.h"
#include "UnitTests/Jobs/FakeCore.h"
#include "UnitTests/TestDatabases.h"
#include "UnitTests/Waiting.h"

#include <atomic>
#include <chrono>
#include <functional>

namespace OrthancRegistry::Testing
{
  // A database that can be frozen, so that its users hang as in a process that has been suspended, and that
  // counts how often it is used.
  class GatedDatabase : public IDatabase
  {
  public:
    explicit GatedDatabase(std::unique_ptr<IDatabase> database);

    Engine GetEngine() const override;
    std::string_view GetBootstrapScript() const override;
    SessionLease Acquire(AccessMode mode) override;
    void ReuseSpace(const std::vector<std::string>& tables, const std::stop_token& stop) override;

    void SetFrozen(bool frozen);
    size_t CountUses() const;

  private:
    std::unique_ptr<IDatabase> database_;
    std::mutex mutex_;
    std::condition_variable thawed_;
    bool frozen_ = false;
    std::atomic<size_t> uses_ = 0;
  };

  // One Orthanc, as the job registry sees it
  class TestReplica
  {
  public:
    TestReplica(TestDatabase& database, const std::string& name, const JobsConfiguration& configuration);
    ~TestReplica();

    JobsService& Get()
    {
      return *service_;
    }

    FakeCore& GetCore()
    {
      return core_;
    }

    GatedDatabase& GetDatabase()
    {
      return database_;
    }

    const ReplicaIdentity& GetIdentity() const
    {
      return identity_;
    }

    PulseQuestions& GetQuestions()
    {
      return questions_;
    }

    // The process dies, without a word to anybody.
    void Kill();

    bool WaitForState(const std::string& id, JobState state);

    std::string Submit(const NewJob& job);
    std::vector<std::string> GetIds();
    std::vector<Job> GetAll();

  private:
    ReplicaIdentity identity_;
    GatedDatabase database_;
    std::unique_ptr<IMessageBus> bus_;
    FakeCore core_;
    PulseQuestions questions_;
    std::unique_ptr<JobsService> service_;
  };

  // Replicas on one database, with short leases
  class ClusterTest : public EngineTest
  {
  protected:
    void SetUp() override;

    // Ended in the reverse order
    TestReplica& AddReplica(const std::string& name, bool isStarted = true);

    template <typename Column, typename... Arguments>
    Column QueryValue(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<Column>(sql, arguments...);
    }

    static NewJob MakeJob(const std::string& uri, int priority = 0);

    JobsConfiguration configuration_;
    std::vector<std::unique_ptr<TestReplica>> replicas_;

    void TearDown() override;
  };
}
