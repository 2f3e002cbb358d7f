// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/ClaimStore.h"
#include "Framework/Jobs/Dispatcher.h"
#include "Framework/Jobs/JobReader.h"
#include "Framework/Jobs/RunStore.h"
#include "Framework/Jobs/SubmitStore.h"
#include "UnitTests/Jobs/FlowFixture.h"

#include <future>
#include <set>

namespace OrthancRegistry::Testing
{
  class JobStores : public FlowTest
  {
  };

  TEST_P(JobStores, ConcurrentClaimsAreDisjointAndComplete)
  {
    Stores a = MakeStores("a");
    Stores b = MakeStores("b");
    constexpr int COUNT = 60;
    for (int i = 0; i < COUNT; i++)
    {
      a.jobs.Submit(MakeJob("/" + std::to_string(i)));
    }
    const auto claimAll = [](Stores& stores)
    {
      std::vector<std::string> ids;
      for (auto claimed = stores.claims.Claim(1).jobs; !claimed.empty();
           claimed = stores.claims.Claim(1).jobs)
      {
        EXPECT_EQ(1u, claimed.size());
        ids.push_back(claimed[0].id);
      }
      return ids;
    };
    auto other = std::async(std::launch::async, claimAll, std::ref(b));
    std::vector<std::string> ids = claimAll(a);
    const auto others = other.get();
    ids.insert(ids.end(), others.begin(), others.end());
    EXPECT_EQ(static_cast<size_t>(COUNT), ids.size());
    EXPECT_EQ(static_cast<size_t>(COUNT), std::set<std::string>(ids.begin(), ids.end()).size());
  }

  TEST_P(JobStores, ClaimInOrderAndNotBefore)
  {
    Stores a = MakeStores("a");
    const std::string early = a.jobs.Submit(MakeJob("/early", 100));
    Execute("UPDATE SharedJobs SET notBefore = SharedNow() + 3600000000");
    const std::string second = a.jobs.Submit(MakeJob("/second"));
    const std::string third = a.jobs.Submit(MakeJob("/third"));
    const std::string first = a.jobs.Submit(MakeJob("/first", 1));
    EXPECT_TRUE(a.registry.Beat(0).isWorkWaiting);
    const auto claimed = a.claims.Claim(10).jobs;
    ASSERT_EQ(3u, claimed.size());
    EXPECT_EQ(first, claimed[0].id);
    EXPECT_EQ(second, claimed[1].id);
    EXPECT_EQ(third, claimed[2].id);
    EXPECT_EQ("/first", claimed[0].request.uri);
    EXPECT_EQ(1, claimed[0].fence);
    EXPECT_FALSE(a.registry.Beat(3).isWorkWaiting);
    Execute("UPDATE SharedJobs SET notBefore = NULL WHERE state = 0");
    ASSERT_EQ(early, a.claims.Claim(1).jobs.at(0).id);
  }

  TEST_P(JobStores, ReplicaTakenForDeadClaimsNothing)
  {
    Stores a = MakeStores("a");
    a.jobs.Submit(MakeJob("/x"));
    Execute("DELETE FROM SharedReplicas");
    EXPECT_TRUE(a.claims.Claim(1).jobs.empty());
    EXPECT_FALSE(a.registry.Beat(0).isRegistered);
    a.registry.Register();
    EXPECT_TRUE(a.registry.Beat(0).isRegistered);
    EXPECT_EQ(1u, a.claims.Claim(1).jobs.size());
  }

  TEST_P(JobStores, FenceTellsTwoClaimsOfOneReplicaApart)
  {
    Stores a = MakeStores("a");
    const std::string id = a.jobs.Submit(MakeJob("/x"));
    const ClaimedJob first = a.claims.Claim(1).jobs.at(0);
    a.runs.Release({id});
    EXPECT_EQ(JobState::Running, a.reader.Get(id)->state);
    a.runs.Release({});
    const ClaimedJob second = a.claims.Claim(1).jobs.at(0);
    EXPECT_EQ(first.attempt, second.attempt);
    EXPECT_EQ(first.fence + 1, second.fence);

    CoreUpdates updates;
    CoreJob core;
    core.id = GenerateUuid();
    core.state = JobState::Success;
    core.content["By"] = "first";
    updates.runs.push_back({first, core, true});
    EXPECT_EQ(std::vector<std::string>{id}, a.runs.Write(updates));
    EXPECT_EQ(JobState::Running, a.reader.Get(id)->state);
    EXPECT_TRUE(a.reader.Get(id)->content.empty());
    updates.runs[0].job = second;
    EXPECT_TRUE(a.runs.Write(updates).empty());
    EXPECT_EQ(JobState::Success, a.reader.Get(id)->state);

    // Once more after a commit in doubt: done already. Anything else comes too late.
    EXPECT_TRUE(a.runs.Write(updates).empty());
    EXPECT_EQ(5, a.reader.Get(id)->revision);
    updates.runs[0].core.state = JobState::Failure;
    EXPECT_EQ(std::vector<std::string>{id}, a.runs.Write(updates));
    updates.runs[0].core.state = JobState::Success;
    updates.runs[0].job = first;
    EXPECT_EQ(std::vector<std::string>{id}, a.runs.Write(updates));
    EXPECT_EQ(5, a.reader.Get(id)->revision);
  }

  TEST_P(JobStores, RunTakenForALocalJobAppearsOnce)
  {
    Stores a = MakeStores("a");
    const std::string id = a.jobs.Submit(MakeJob("/x"));
    CoreJob core;
    core.id = GenerateUuid();
    core.type = "Unexpected";
    CoreUpdates mistaken;
    mistaken.localJobs.push_back(core);
    a.runs.Write(mistaken);
    EXPECT_EQ(2u, a.reader.GetIds().size());
    core.state = JobState::Running;
    CoreUpdates updates;
    updates.runs.push_back({a.claims.Claim(1).jobs.at(0), core, true, true});
    EXPECT_TRUE(a.runs.Write(updates).empty());
    EXPECT_EQ(std::vector<std::string>{id}, a.reader.GetIds());
    EXPECT_EQ(id, a.reader.Get(core.id)->id);
  }

  // What hands back all rows that are not in the table of the runs is not called between a claim and its
  // entry there.
  TEST_P(JobStores, RecoveryDoesNotHandBackAClaimThatIsUnderWay)
  {
    Stores a = MakeStores("a");
    RunTable table;
    PutOffStore putOff(*a.database, *a.bus);
    const auto recover = [&]
    {
      std::vector<std::string> kept;
      for (const auto& run : table.GetAll())
      {
        kept.push_back(run.job.id);
      }
      a.runs.Release(kept);
      return true;
    };
    const auto countNothing = []
    {
      return size_t{0};
    };
    const auto isHeld = []
    {
      return true;
    };
    const std::string id = a.jobs.Submit(MakeJob("/x"));
    Dispatcher dispatcher(2, nullptr, table, a.runs, a.claims, putOff, countNothing, {isHeld, recover},
                          [](const ClaimedJob&) {});
    dispatcher.Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return table.CountBusy() == 1;
        }));
    dispatcher.Stop();
    EXPECT_EQ(JobState::Running, a.reader.Get(id)->state);
    EXPECT_EQ(a.identity.incarnation, a.reader.Get(id)->owner);
    EXPECT_EQ(1, a.reader.Get(id)->attempts);
  }

  TEST_P(JobStores, ImpossibleRowsAreRefused)
  {
    Stores a = MakeStores("a");
    a.jobs.Submit(MakeJob("/x"));
    for (const std::string_view change : {
             "state = 6", "state = -1", "origin = 2", "progress = 101", "progress = -1", "attempts = -1",
             "revision = 0", "runtimeMilliseconds = -1",
             "state = 1",                                            // running, without an owner
             "state = 1, owner = 'a', replica = 'a'",                // running, never tried
             "state = 2",                                            // ended, never completed
             "completedAt = 1",                                      // completed, not ended
             "owner = 'a', replica = 'a'",                           // waiting, and owned
             "state = 4, owner = 'a'",                               // owned by no server
             "origin = 1",                                           // local, pinned to nothing
             "origin = 1, owner = 'a', replica = 'a', localId = 'b'" // local, with another id
         })
    {
      EXPECT_THROW(Execute("UPDATE SharedJobs SET " + std::string(change)), ConstraintError) << change;
    }
  }

  TEST_P(JobStores, DetailsAndRunsGoWithTheirJob)
  {
    Stores a = MakeStores("a");
    a.jobs.Submit(MakeJob("/x"));
    CoreUpdates updates;
    CoreJob core;
    core.id = GenerateUuid();
    core.state = JobState::Running;
    updates.runs.push_back({a.claims.Claim(1).jobs.at(0), core, true});
    a.runs.Write(updates);
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobRuns"));
    Execute("DELETE FROM SharedJobs");
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobRuns"));
    EXPECT_EQ(0, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobDetails"));
  }

  CONFORMANCE_SUITE(JobStores);

  // The race of stock queues: what another session is about to take is neither taken twice nor takes the rest
  // away from sight.
  TEST(JobClaim, RowsLockedByAnotherSessionAreSkipped)
  {
    const auto test = TestDatabase::Create(Engine::PostgreSQL);
    test->Migrate("Jobs");
    const auto bus = test->CreateBus();
    const ReplicaIdentity identity{GenerateUuid(), "a", "a", ""};
    ReplicaRegistry registry(JobsConfiguration(), identity, test->Get());
    registry.Register();
    SubmitStore jobs(JobsConfiguration(), test->Get(), *bus);
    ClaimStore claims(JobsConfiguration(), identity, test->Get(), *bus);
    NewJob job;
    job.type = "X";
    const std::string first = jobs.Submit(job);
    const std::string second = jobs.Submit(job);

    Transaction other(test->Get(), AccessMode::ReadWrite);
    other.Query<std::string>("SELECT id FROM SharedJobs WHERE id = $1 FOR UPDATE", first);
    const auto claimed = claims.Claim(1).jobs;
    ASSERT_EQ(1u, claimed.size());
    EXPECT_EQ(second, claimed[0].id);
    EXPECT_TRUE(claims.Claim(1).jobs.empty());
    other.Rollback();
    EXPECT_EQ(first, claims.Claim(1).jobs.at(0).id);
  }
}
