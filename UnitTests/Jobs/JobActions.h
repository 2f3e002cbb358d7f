// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "UnitTests/Jobs/TestCluster.h"

#include <future>

namespace OrthancRegistry::Testing
{
  using Kind = ActionAnswer::Kind;

  // Actions on jobs that a core has, and on all others, through whole replicas
  class JobActions : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      configuration_.leaseSeconds = 30; // of replicas that only do not answer
    }

    static void SetState(TestReplica& replica, const std::string& coreId, JobState state)
    {
      replica.GetCore().Change(coreId,
                               [state](CoreJob& job)
                               {
                                 job.state = state;
                               });
    }

    // A queued job that runs at "a"
    std::string MakeRunning(TestReplica& a, const std::string& uri)
    {
      const std::string id = a.Submit(MakeJob(uri));
      localId_ = a.GetCore().WaitForSubmission(uri);
      SetState(a, localId_, JobState::Running);
      EXPECT_TRUE(WaitUntil(
          [&]
          {
            const Job job = a.Get().Get(id).value();
            return job.state == JobState::Running && job.localId == localId_;
          }));
      return id;
    }

    static std::future<ActionAnswer> ApplyLater(TestReplica& replica, const std::string& id, JobAction action)
    {
      return std::async(std::launch::async,
                        [&replica, id, action]
                        {
                          return replica.Get().Apply(id, action);
                        });
    }

    std::string localId_;
  };
}
