// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryStore.h"
#include "UnitTests/Directory/DirectoryFixture.h"
#include "UnitTests/Index/IndexTest.h"
#include "UnitTests/NextMigrations.h"

#include <future>

namespace OrthancRegistry::Testing
{
  // A next version of the plugin (UnitTests/NextVersion) comes to a database that this one uses.
  class RollingUpgrade : public EngineTest
  {
  protected:
    static constexpr std::array<const char*, 3> COMPONENTS = {"Index", "Jobs", "Directory"};

    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Messages");
      for (const char* const component : COMPONENTS)
      {
        database_->Migrate(component);
      }
    }

    std::span<const Migration> GetNext(const std::string& component) const
    {
      return GetParam() == Engine::PostgreSQL ? PostgreSQL::GetNextMigrations(component)
                                              : SQLite::GetNextMigrations(component);
    }

    // By another process, as it were
    int Upgrade(const std::string& component)
    {
      const auto next = database_->Connect();
      return Migrator(*next, component, GetNext(component)).Run();
    }

    template <typename Column>
    Column QueryValue(std::string_view sql)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<Column>(sql);
    }
  };
  CONFORMANCE_SUITE(RollingUpgrade);

  TEST_P(RollingUpgrade, ThisVersionStartsAgainBesideTheNextOne)
  {
    for (const std::string component : COMPONENTS)
    {
      SCOPED_TRACE(component);
      const auto own = database_->GetMigrations(component);
      ASSERT_EQ(own.size() + 1, GetNext(component).size());
      EXPECT_EQ(1, Upgrade(component));
      EXPECT_EQ(0, Migrator(GetDatabase(), component, own).Run());
      EXPECT_EQ(0, Upgrade(component));
    }
    EXPECT_EQ(3, QueryValue<int>("SELECT COUNT(*) FROM SharedVersions WHERE component <> 'Messages'"
                                 " AND component <> 'Adoption'"));
  }

  TEST_P(RollingUpgrade, IngestGoesOnWhileTheSchemaChanges)
  {
    std::atomic<bool> isUpgraded = false;
    std::atomic<int> created = 0;
    std::atomic<int> createdAfterwards = 0;
    constexpr unsigned int WRITERS = 3;
    const auto ingest = [&](unsigned int thread)
    {
      const std::string t = std::to_string(thread);
      while (createdAfterwards < 30 && created < 20000)
      {
        const bool isAfterwards = isUpgraded;
        const std::string n = std::to_string(created++);
        RunInIndex(*database_,
                   [&](IndexTransaction& transaction)
                   {
                     const auto made =
                         Resources::CreateInstance(transaction, "p" + t, "s" + t, "e" + t, "i" + t + "-" + n);
                     EXPECT_TRUE(made.isNewInstance);
                     Attachments::Add(transaction, made.instanceId,
                                      MakeAttachment("a" + t + "-" + n, 1, 1, 2), 0);
                   });
        IndexTransaction reading(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
        EXPECT_TRUE(Resources::Lookup(reading, "i" + t + "-" + n));
        createdAfterwards += isAfterwards ? 1 : 0;
      }
    };
    RunThreads(WRITERS + 1,
               [&](unsigned int thread)
               {
                 if (thread < WRITERS)
                 {
                   ingest(thread);
                   return;
                 }
                 EXPECT_TRUE(WaitUntil(
                     [&]
                     {
                       return created > 30; // prepared statements are in all sessions
                     }));
                 EXPECT_EQ(1, Upgrade("Index"));
                 isUpgraded = true;
               });
    EXPECT_GE(QueryValue<int>("SELECT COUNT(*) FROM NextResources"), 30);
    IndexTransaction reading(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
    EXPECT_EQ(created, StatisticsQueries::GetAll(reading).instances);
    EXPECT_EQ(Recount(reading), StatisticsQueries::GetAll(reading));
  }

  // What all others would have to wait behind gives way to who uses the table.
  TEST(RollingUpgradePostgreSQL, StepDoesNotBlockTheCluster)
  {
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Index");
    const auto other = database->Connect();
    Transaction backup(*other, AccessMode::ReadWrite); // keeps its lock, which a read-only one does not
    backup.QueryValue<int64_t>("SELECT COUNT(*) FROM Resources");

    auto upgrade = std::async(std::launch::async,
                              [&]
                              {
                                const auto next = database->Connect();
                                return Migrator(*next, "Index", PostgreSQL::GetNextMigrations("Index")).Run();
                              });
    // Some readers meet the step while it waits for the table: none of them for much longer than it does.
    std::chrono::steady_clock::duration longest{};
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    while (std::chrono::steady_clock::now() < end)
    {
      const auto begin = std::chrono::steady_clock::now();
      Transaction reader(database->Get(), AccessMode::ReadOnly);
      reader.QueryValue<int64_t>("SELECT COUNT(*) FROM Resources");
      longest = std::max(longest, std::chrono::steady_clock::now() - begin);
    }
    EXPECT_LT(longest, std::chrono::milliseconds(3500));
    EXPECT_NE(std::future_status::ready, upgrade.wait_for(std::chrono::seconds(0)));
    backup.Rollback();
    EXPECT_EQ(1, upgrade.get());
  }

  class RollingJobs : public ClusterTest
  {
  };
  CONFORMANCE_SUITE(RollingJobs);

  TEST_P(RollingJobs, JobsGoOnWhileTheSchemaChanges)
  {
    TestReplica& a = AddReplica("a");
    TestReplica& b = AddReplica("b");
    a.GetCore().RunByItself();
    b.GetCore().RunByItself();
    std::vector<std::string> ids;
    const auto submit = [&](int count)
    {
      for (int i = 0; i < count; i++)
      {
        ids.push_back(
            (i % 2 == 0 ? a : b).Submit(MakeJob("/studies/" + std::to_string(ids.size()) + "/modify")));
      }
    };
    submit(10);
    ASSERT_TRUE(a.WaitForState(ids.front(), JobState::Success));
    const auto next = database_->Connect();
    const auto migrations = GetParam() == Engine::PostgreSQL ? PostgreSQL::GetNextMigrations("Jobs")
                                                             : SQLite::GetNextMigrations("Jobs");
    EXPECT_EQ(1, Migrator(*next, "Jobs", migrations).Run());
    submit(10);
    for (const std::string& id : ids)
    {
      EXPECT_TRUE(b.WaitForState(id, JobState::Success)) << id;
      EXPECT_EQ(1, a.Get().Get(id)->attempts);
    }
    EXPECT_GT(QueryValue<int>("SELECT SUM(nextCount) FROM SharedJobs"), 10);
    EXPECT_EQ(20u, a.GetCore().GetSubmissions().size() + b.GetCore().GetSubmissions().size());
    TestReplica& c = AddReplica("c"); // starts beside the next version
    c.GetCore().RunByItself();
    EXPECT_TRUE(c.WaitForState(c.Submit(MakeJob("/studies/last/modify")), JobState::Success));
  }

  // Of an origin that only the next version knows
  TEST(RollingJobsPostgreSQL, UnknownJobsAreShownAndLeftAlone)
  {
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Jobs");
    Migrator(database->Get(), "Jobs", PostgreSQL::GetNextMigrations("Jobs")).Run();
    JobsConfiguration configuration;
    configuration.leaseSeconds = 2;
    configuration.heartbeatMilliseconds = 50;
    TestReplica a(*database, "a", configuration);
    a.Get().Start();
    a.GetCore().RunByItself();
    RunTransaction(database->Get(), AccessMode::ReadWrite,
                   [](Transaction& transaction)
                   {
                     transaction.Execute(
                         "INSERT INTO SharedJobs(id, type, state, origin, priority, createdAt,"
                         " changedAt) VALUES ('new', 'OfTheNextVersion', 0, 2, 100, 1, 1)");
                     transaction.Execute("INSERT INTO SharedJobDetails(id) VALUES ('new')");
                   });
    NewJob known;
    known.type = "ResourceModification";
    known.request.uri = "/studies/1/modify";
    known.request.body = "{}";
    const std::string later = a.Submit(known);
    EXPECT_TRUE(a.WaitForState(later, JobState::Success));

    const Job job = a.Get().Get("new").value();
    EXPECT_EQ(JobState::Pending, job.state);
    EXPECT_EQ("", job.owner);
    EXPECT_EQ(2u, a.GetAll().size());
    EXPECT_EQ("Unknown", std::string(GetName(job.origin)));
    EXPECT_EQ(ActionAnswer::Kind::Refused, a.Get().Apply("new", JobAction::Cancel).kind);
    EXPECT_EQ(1u, a.GetCore().GetSubmissions().size());
  }

  class RollingDirectory : public DirectoryTest
  {
  };
  CONFORMANCE_SUITE(RollingDirectory);

  TEST_P(RollingDirectory, ListsGoOnWhileTheSchemaChanges)
  {
    DirectoryReplica& a = AddReplica("a");
    DirectoryReplica& b = AddReplica("b");
    a.Put("before", MakeModality("BEFORE"));
    EXPECT_EQ("BEFORE", b.Get("before")["AET"].asString());
    const auto next = database_->Connect();
    const auto migrations = GetParam() == Engine::PostgreSQL ? PostgreSQL::GetNextMigrations("Directory")
                                                             : SQLite::GetNextMigrations("Directory");
    EXPECT_EQ(1, Migrator(*next, "Directory", migrations).Run());
    b.Put("after", MakeModality("AFTER"));
    b.Put("before", MakeModality("CHANGED"));
    EXPECT_EQ("AFTER", a.Get("after")["AET"].asString());
    EXPECT_EQ("CHANGED", a.Get("before")["AET"].asString());
    DirectoryReplica& c = AddReplica("c");
    EXPECT_EQ("AFTER", c.Get("after")["AET"].asString());
  }
}
