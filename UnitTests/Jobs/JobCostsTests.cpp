// SPDX-License-Identifier: GPL-3.0-or-later
//
// What jobs cost, in counts that do not depend on the speed of the machine.

#include "UnitTests/Jobs/TestCluster.h"

#include <iostream>

namespace OrthancRegistry::Testing
{
  class JobCosts : public ClusterTest
  {
  };

  TEST_P(JobCosts, ManyShortJobsShareTheirTransactionsAndMessages)
  {
    constexpr size_t COUNT = 400;
    TestReplica& a = AddReplica("a", false);
    for (size_t i = 0; i < COUNT; i++)
    {
      a.Submit(MakeJob("/" + std::to_string(i)));
    }
    const auto bus = database_->CreateBus();
    std::atomic<size_t> messages = 0;
    std::atomic<bool> isListening = false;
    bus->SetHandler(
        [&](std::string_view message)
        {
          isListening = true;
          messages += message.empty() ? 0 : 1;
        });
    bus->Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return isListening.load();
        }));
    a.GetCore().EndAtOnce();
    messages = 0;
    const size_t before = a.GetDatabase().CountUses();
    a.Get().Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobs WHERE state = 2") == COUNT;
        }));
    a.Get().Stop();
    bus->Stop();
    const size_t uses = a.GetDatabase().CountUses() - before;
    std::cout << "Transactions per job: " << static_cast<double>(uses) / COUNT
              << ", messages per job: " << static_cast<double>(messages) / COUNT << std::endl;
    EXPECT_LE(uses, COUNT / 2); // one by one: two for every two slots
    EXPECT_LE(messages, COUNT / 2);
    EXPECT_EQ(COUNT, a.GetCore().GetSubmissions().size());
    EXPECT_EQ(COUNT, QueryValue<size_t>("SELECT SUM(attempts) FROM SharedJobs"));
    EXPECT_EQ(COUNT, QueryValue<size_t>("SELECT COUNT(*) FROM SharedJobRuns"));
  }

  CONFORMANCE_SUITE(JobCosts);

  class SubmissionWal : public ClusterTest
  {
  protected:
    static constexpr std::string_view INSERTED = "SELECT CAST(pg_current_wal_insert_lsn() AS TEXT)";

    void Execute(std::string_view sql)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql);
      transaction.Commit();
    }
  };

  // After a checkpoint, each page that is touched is in the WAL as a whole: ids spread over the index would
  // touch two pages with each job.
  TEST_P(SubmissionWal, IsTheSameWhateverWaits)
  {
    constexpr int64_t COUNT = 200;
    TestReplica& a = AddReplica("a", false);
    Execute("INSERT INTO SharedJobs(id, type, state, origin, priority, createdAt, changedAt)"
            " SELECT CAST(gen_random_uuid() AS TEXT), 'ResourceModification', 0, 0, 0, 1, 1"
            " FROM generate_series(1, 30000)");
    Execute("INSERT INTO SharedJobDetails(id, uri) SELECT id, '/x' FROM SharedJobs");
    a.Submit(MakeJob("/x"));
    Execute("CHECKPOINT");
    const auto before = QueryValue<std::string>(INSERTED);
    for (int64_t i = 0; i < COUNT; i++)
    {
      a.Submit(MakeJob("/x"));
    }
    const auto bytes = QueryValue<int64_t>(
        "SELECT CAST(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), CAST($1 AS pg_lsn)) AS BIGINT)", before);
    std::cout << "WAL of a submission: " << bytes / COUNT << " bytes" << std::endl;
    EXPECT_LE(bytes / COUNT, 4000);
  }

  INSTANTIATE_TEST_SUITE_P(PostgreSQL, SubmissionWal, testing::Values(Engine::PostgreSQL));
}
