// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/JobControl.h"
#include "UnitTests/Jobs/TestCluster.h"

namespace OrthancRegistry::Testing
{
  // Rows in any state, and actions on them without any replica that runs
  class JobRows : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      bus_ = database_->CreateBus();
      configuration_.actionMilliseconds = 0; // nobody answers here
      Execute(
          "INSERT INTO SharedReplicas(incarnation, serverIdentifier, name, version, startedAt, heartbeatAt,"
          " leaseMicroseconds, capacity, running, draining) VALUES ('there', 'A', 'A', '1', SharedNow(),"
          " SharedNow(), 60000000, 1, 0, 0)");
    }

    template <typename... Arguments>
    void Execute(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql, arguments...);
      transaction.Commit();
    }

    // A row in that state, as the registry makes it
    std::string MakeRow(JobState state, bool hasOwner, JobOrigin origin, const std::string& owner = "there")
    {
      const std::string id = GenerateUuid();
      const std::optional<std::string> ownerOrNull = hasOwner ? std::make_optional(owner) : std::nullopt;
      const std::optional<std::string> localId = origin == JobOrigin::Local ? std::make_optional(id)
                                                 : hasOwner ? std::make_optional(GenerateUuid())
                                                            : std::nullopt;
      const bool isPutOff = origin == JobOrigin::Queued && state == JobState::Retry;
      Execute(
          "INSERT INTO SharedJobs(id, type, state, origin, priority, createdAt, changedAt, completedAt,"
          " notBefore, attempts, retries, crashes, fence, owner, replica, localId, progress, errorCode,"
          " runtimeMilliseconds)"
          " VALUES ($1, 'X', $2, $3, 0, 5, 5, CASE WHEN $4 = 1 THEN 9 ELSE NULL END,"
          " CASE WHEN $5 = 1 THEN 99 ELSE NULL END, 2, 1, 1, 7, $6, CASE WHEN $7 = 1 THEN 'A' ELSE NULL END,"
          " $8, 50, 9, 1234)",
          id, state, origin, IsEnded(state), isPutOff, ownerOrNull, hasOwner, localId);
      Execute("INSERT INTO SharedJobDetails(id, uri, body, content, errorDetails, lostReplicas)"
              " VALUES ($1, '/x', NULL, '{\"Kept\":1}', 'Old', $2)",
              id, std::string("B/gone/6\n"));
      return id;
    }

    ControlledJob Read(const std::string& id)
    {
      return JobControlStore(GetDatabase(), *bus_).Read(id).value();
    }

    ActionAnswer Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected = {})
    {
      return JobControl(configuration_, GetDatabase(), *bus_, waiters_).Apply(id, action, expected);
    }

    std::unique_ptr<IMessageBus> bus_;
    JobWaiters waiters_{1};
  };
}
