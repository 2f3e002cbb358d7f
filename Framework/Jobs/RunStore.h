// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/RunTable.h"
#include "Framework/Replicas/ReplicaIdentity.h"
#include "Framework/Replicas/ReplicaRegistry.h"

#include <set>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // What has become of a run, or of a local job: the core's view of it. "core.state" is that of the shared
  // job: a core that has not begun yet says Pending, when the shared job is Running already.
  struct RunUpdate
  {
    ClaimedJob job;
    CoreJob core;                 // its id is empty if the core refused the job
    bool isFirst = false;         // the id at the core is not in the database yet
    bool isTakenForLocal = false; // the database has a local job of that id
  };

  // Progress and content of a job that goes on
  struct ProgressUpdate
  {
    ClaimedJob job; // of a local job the id only: its fence is 0
    CoreJob core;
    bool isContentNew = false;

    bool IsLocal() const
    {
      return job.fence == 0;
    }
  };

  struct CoreUpdates
  {
    std::vector<RunUpdate> runs;
    std::vector<CoreJob> localJobs;
    std::vector<ProgressUpdate> progress; // of both kinds
    std::set<std::string> known;   // of these, those that are only updated: a deleted one does not come back
    bool isSomebodyAsking = false; // tell all replicas to look again
    bool isProgressDue = false;

    bool IsEmpty() const
    {
      return runs.empty() && localJobs.empty() && progress.empty();
    }
  };

  // What a replica writes about the jobs that it runs. Thread-safe.
  class RunStore
  {
  public:
    RunStore(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus,
             const ReplicaRegistry& registry, const JobsConfiguration& configuration = {});

    const ReplicaIdentity& GetIdentity() const
    {
      return identity_;
    }

    // All in one transaction. Answers the ids of the shared jobs of which nothing was written, because this
    // replica does not own that run any more: only the one whose owner and fence are in the row may write.
    std::vector<std::string> Write(const CoreUpdates& updates);

    // Hands the unfinished queued jobs of this replica back, but for the kept ones, as if they had not been
    // tried.
    void Release(const std::vector<std::string>& kept);

    // The local jobs of this replica that have not ended, as the database knows them
    std::vector<CoreJob> GetUnfinishedLocalJobs();

    // Of these ids of jobs of a core, those that the registry knows as unfinished local jobs of the server
    // identifier of this replica. They belong to this incarnation from now on.
    std::vector<std::string> AdoptLocalJobs(const std::vector<std::string>& ids);

  private:
    bool HasMadeRoom(const CoreUpdates& updates, const std::vector<std::string>& written) const;
    void WriteRun(Transaction& transaction, const RunUpdate& update, std::vector<std::string>& written) const;
    std::vector<std::string> FindStale(Transaction& transaction, const CoreUpdates& updates,
                                       const std::vector<std::string>& written) const;
    void WriteLocalJob(Transaction& transaction, const CoreJob& job) const;
    void UpdateLocalJob(Transaction& transaction, const CoreJob& job) const;
    void WriteLocalDetails(Transaction& transaction, const CoreJob& job) const;

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
    const ReplicaRegistry& registry_;
  };
}
