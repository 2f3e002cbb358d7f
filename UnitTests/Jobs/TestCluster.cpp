// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/TestCluster.h"

#include "Framework/Common/Uuid.h"

#include <algorithm>
#include <iterator>

namespace OrthancRegistry::Testing
{
  GatedDatabase::GatedDatabase(std::unique_ptr<IDatabase> database) : database_(std::move(database))
  {
  }

  Engine GatedDatabase::GetEngine() const
  {
    return database_->GetEngine();
  }

  std::string_view GatedDatabase::GetBootstrapScript() const
  {
    return database_->GetBootstrapScript();
  }

  SessionLease GatedDatabase::Acquire(AccessMode mode)
  {
    uses_++;
    {
      std::unique_lock lock(mutex_);
      thawed_.wait(lock,
                   [this]
                   {
                     return !frozen_;
                   });
    }
    return database_->Acquire(mode);
  }

  void GatedDatabase::ReuseSpace(const std::vector<std::string>& tables, const std::stop_token& stop)
  {
    uses_++;
    database_->ReuseSpace(tables, stop);
  }

  void GatedDatabase::SetFrozen(bool frozen)
  {
    {
      const std::lock_guard lock(mutex_);
      frozen_ = frozen;
    }
    thawed_.notify_all();
  }

  size_t GatedDatabase::CountUses() const
  {
    return uses_;
  }

  TestReplica::TestReplica(TestDatabase& database, const std::string& name,
                           const JobsConfiguration& configuration)
      : identity_{GenerateUuid(), name, "Name of " + name, "1.13.0"}, database_(database.Connect()),
        bus_(database.CreateBus()),
        service_(std::make_unique<JobsService>(configuration, identity_, database_, *bus_, core_, questions_))
  {
  }

  TestReplica::~TestReplica()
  {
    Kill();
  }

  void TestReplica::Kill()
  {
    database_.SetFrozen(false);
    core_.Release();
    service_.reset();
  }

  bool TestReplica::WaitForState(const std::string& id, JobState state)
  {
    return WaitUntil(
        [&]
        {
          const auto job = service_->Get(id);
          return job && job->state == state;
        });
  }

  std::string TestReplica::Submit(const NewJob& job)
  {
    return service_->GetSubmissions().Submit(job);
  }

  std::vector<std::string> TestReplica::GetIds()
  {
    return service_->GetReader().GetIds();
  }

  std::vector<Job> TestReplica::GetAll()
  {
    JobCursor cursor(service_->GetReader(), JobQuery());
    std::vector<Job> jobs;
    for (auto piece = cursor.Next(); !piece.empty(); piece = cursor.Next())
    {
      std::move(piece.begin(), piece.end(), std::back_inserter(jobs));
    }
    return jobs;
  }

  void ClusterTest::SetUp()
  {
    EngineTest::SetUp();
    database_->Migrate("Messages");
    database_->Migrate("Jobs");
    configuration_.leaseSeconds = 2;
    configuration_.heartbeatMilliseconds = 100;
    configuration_.localJobsGraceSeconds = 0;
    configuration_.drainSeconds = 0;
  }

  void ClusterTest::TearDown()
  {
    while (!replicas_.empty())
    {
      replicas_.pop_back();
    }
  }

  TestReplica& ClusterTest::AddReplica(const std::string& name, bool isStarted)
  {
    replicas_.push_back(std::make_unique<TestReplica>(*database_, name, configuration_));
    if (isStarted)
    {
      replicas_.back()->Get().Start();
    }
    return *replicas_.back();
  }

  NewJob ClusterTest::MakeJob(const std::string& uri, int priority)
  {
    NewJob job;
    job.type = "ResourceModification";
    job.priority = priority;
    job.request.uri = uri;
    job.request.body = "{}";
    return job;
  }
}
