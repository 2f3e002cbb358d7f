// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/ClaimStore.h"
#include "Framework/Jobs/JobReader.h"
#include "Framework/Jobs/PutOffStore.h"
#include "Framework/Jobs/RunStore.h"
#include "Framework/Jobs/SubmitStore.h"
#include "Framework/Replicas/ReplicaIdentity.h"
#include "UnitTests/Jobs/TestCluster.h"

namespace OrthancRegistry::Testing
{
  class FlowTest : public ClusterTest
  {
  protected:
    // What a replica uses of the database, without anything that runs by itself
    struct Stores
    {
      Stores(TestDatabase& test, const std::string& name, const JobsConfiguration& configuration)
          : identity{GenerateUuid(), name, name, ""}, database(test.Connect()), bus(test.CreateBus()),
            registry(configuration, identity, *database), jobs(configuration, *database, *bus),
            reader(*database), runs(identity, *database, *bus, registry, configuration),
            claims(configuration, identity, *database, *bus), putOff(*database, *bus)
      {
        registry.Register();
      }

      // The end of a run, or a step of it; true if it has been written.
      bool Write(const ClaimedJob& job, JobState state, ErrorCode code = ErrorCode::Success)
      {
        CoreJob core;
        core.id = job.id + "-" + std::to_string(job.fence);
        core.state = state;
        core.errorCode = static_cast<int>(code);
        core.errorDetails = code == ErrorCode::Success ? "" : "Details";
        core.content["Run"] = job.attempt;
        return Write(job, core);
      }

      bool Write(const ClaimedJob& job, const CoreJob& core)
      {
        CoreUpdates updates;
        updates.runs.push_back({job, core, true});
        return runs.Write(updates).empty();
      }

      // The URIs of what is claimed
      std::vector<std::string> Claim(size_t count)
      {
        std::vector<std::string> uris;
        for (const ClaimedJob& job : claims.Claim(count).jobs)
        {
          uris.push_back(job.request.uri);
        }
        return uris;
      }

      ReplicaIdentity identity;
      std::unique_ptr<IDatabase> database;
      std::unique_ptr<IMessageBus> bus;
      ReplicaRegistry registry;
      SubmitStore jobs;
      JobReader reader;
      RunStore runs;
      ClaimStore claims;
      PutOffStore putOff;
    };

    Stores MakeStores(const std::string& name = "a")
    {
      return Stores(*database_, name, configuration_);
    }

    static NewJob MakeJobOf(const std::string& type, const std::string& destination, const std::string& uri)
    {
      NewJob job = MakeJob(uri);
      job.type = type;
      job.destination = destination;
      return job;
    }

    template <typename... Arguments>
    void Execute(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql, arguments...);
      transaction.Commit();
    }
  };
}
