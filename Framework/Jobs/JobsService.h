// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/ClusterStatistics.h"
#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/JobControl.h"
#include "Framework/Jobs/JobReader.h"
#include "Framework/Jobs/JobWait.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Jobs/OutputStore.h"
#include "Framework/Jobs/SubmitStore.h"
#include "Framework/Replicas/PulseQuestions.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <chrono>
#include <memory>

namespace OrthancRegistry
{
  class JobsWorkers;

  // What a change event of the core says about a job.
  enum class CoreJobEvent
  {
    Submitted,
    Success,
    Failure
  };

  // The shared job registry, as one replica sees it: what the edge to Orthanc calls. Thread-safe.
  //
  // Life: constructed once the database is open and its components "Jobs" (and "Messages" on SQLite) have
  // been migrated; the replica announces itself then, so that jobs can be submitted and read from the first
  // HTTP request on. Start() when the core runs (OrthancStarted), from then on it claims, follows and mirrors
  // jobs; Stop() when the core is about to end (OrthancStopped): the running queued jobs are handed back.
  // Without Stop() the destructor leaves everything as a crash would, for the other replicas to rescue.
  // With "isReadOnly" it neither announces itself nor does anything by itself: the registry can be read.
  //
  // It owns the handler of the bus, and starts and stops the bus. Database, bus, core and questions, which
  // its heartbeat asks, outlive it.
  class JobsService
  {
  public:
    JobsService(const JobsConfiguration& configuration, const ReplicaIdentity& identity, IDatabase& database,
                IMessageBus& bus, ICoreClient& core, PulseQuestions& questions);
    ~JobsService();

    void Start();
    void Stop();

    // The change events JobSubmitted, JobSuccess and JobFailure of the core. Quick: only wakes a thread up.
    void OnCoreJobEvent(CoreJobEvent event, const std::string& coreJobId);

    // New queued jobs
    SubmitStore& GetSubmissions();

    // Runs a job at the core of this replica and waits for its end (success, failure or cancellation):
    // synchronous calls. It is mirrored as a local job before this waits. A refusal of the core is a
    // RegistryError. To be called from a thread of normal stack size.
    CoreJob RunLocally(const std::string& uri, const std::string& body);

    // For listings: jobs that the own core has started by itself up to this call are found.
    JobReader& GetReader();
    ClusterStatistics& GetStatistics();

    // See JobWait.h; what stops the waiting is SendWaitersAway() or Stop().
    WaitResult WaitForChange(const std::string& id, std::optional<int64_t> revision,
                             std::chrono::seconds patience);

    // Those who wait for a change are answered now, and nobody waits any more: before Stop(), which does the
    // same, if there is none.
    void SendWaitersAway();
    bool IsStopping() const;

    // By its id, or by the id of one of its runs at a core. An unknown one is asked for at the other
    // replicas.
    std::optional<Job> Get(const std::string& id);

    // POST /jobs/{id}/{action} and DELETE /jobs/{id}, of any job at any replica
    ActionAnswer Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected = {});
    ActionAnswer Delete(const std::string& id, const ExpectedRevisions& expected = {});

    // What jobs have produced
    OutputStore& GetOutputs();

    // Evicts an available output; false if there is none.
    bool DeleteOutput(const Job& job, const std::string& key);

    const ReplicaIdentity& GetIdentity() const;

    // The registry that the core wants to reload at its start (global property 5), without the jobs that the
    // shared registry already owns or knows to have ended.
    std::string FilterSavedJobs(const std::string& registry);

    // True if this replica is the one to ask about a local job.
    bool IsOwn(const Job& job) const;

  private:
    std::optional<Job> AskOthers(const std::string& id);

    const std::chrono::milliseconds lookupPatience_;
    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
    ICoreClient& core_;
    SubmitStore submissions_;
    JobReader reader_;
    ClusterStatistics statistics_;
    std::unique_ptr<JobsWorkers> workers_;
    JobControl control_; // uses the waiters of the workers
  };
}
