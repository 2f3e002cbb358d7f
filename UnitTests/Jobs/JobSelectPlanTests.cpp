// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobSelect.h"

#include "Framework/Jobs/JobReader.h"
#include "UnitTests/Jobs/TestJobs.h"
#include "UnitTests/TestDatabases.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr int64_t COUNT = 100000;
    constexpr Timestamp BEGIN = 1000000000; // of InsertManyJobs()
    constexpr Timestamp END = BEGIN + 1000 * COUNT;
    constexpr size_t PAGE = 100;

    struct Case
    {
      const char* name;
      JobFilter filter;
      size_t expected; // jobs of a page in the middle
    };

    std::vector<Case> GetCases()
    {
      std::vector<Case> cases;
      const auto add = [&cases](const char* name, size_t expected, const auto& set)
      {
        set(cases.emplace_back(Case{name, {}, expected}).filter);
      };
      add("none", PAGE, [](JobFilter&) {});
      add("state: most", PAGE,
          [](JobFilter& filter)
          {
            filter.states = {JobState::Success};
          });
      add("state: rare", 50,
          [](JobFilter& filter)
          {
            filter.states = {JobState::Failure};
          });
      add("state: no match", 0,
          [](JobFilter& filter)
          {
            filter.states = {JobState::Retry};
          });
      add("states: no match, rare", 50,
          [](JobFilter& filter)
          {
            filter.states = {JobState::Retry, JobState::Failure};
          });
      add("type", PAGE,
          [](JobFilter& filter)
          {
            filter.types = {"T1"};
          });
      add("type: rare", 1,
          [](JobFilter& filter)
          {
            filter.types = {"Rare"};
          });
      add("type: no match", 0,
          [](JobFilter& filter)
          {
            filter.types = {"nope"};
          });
      add("replica", PAGE,
          [](JobFilter& filter)
          {
            filter.replicas = {"R1"};
          });
      add("replica: no match", 0,
          [](JobFilter& filter)
          {
            filter.replicas = {"nope"};
          });
      add("origin: all", PAGE,
          [](JobFilter& filter)
          {
            filter.origins = {JobOrigin::Queued};
          });
      add("origin: no match", 0,
          [](JobFilter& filter)
          {
            filter.origins = {JobOrigin::Local};
          });
      add("destination", PAGE,
          [](JobFilter& filter)
          {
            filter.destinations = {"D3"};
          });
      add("destination: rare", 1,
          [](JobFilter& filter)
          {
            filter.destinations = {"Rare"};
          });
      add("destination: no match", 0,
          [](JobFilter& filter)
          {
            filter.destinations = {"nope"};
          });
      add("since: the last ones", PAGE,
          [](JobFilter& filter)
          {
            filter.since = END - 200 * 1000;
          });
      add("since: no match", 0,
          [](JobFilter& filter)
          {
            filter.since = END + 1;
          });
      add("until: the first half", PAGE,
          [](JobFilter& filter)
          {
            filter.until = (BEGIN + END) / 2 + 200 * 1000;
          });
      add("since, until: no match", 0,
          [](JobFilter& filter)
          {
            filter.since = (BEGIN + END) / 2 + 1;
            filter.until = (BEGIN + END) / 2 + 2;
          });
      add("state: most, since: the last ones", PAGE,
          [](JobFilter& filter)
          {
            filter.states = {JobState::Success};
            filter.since = END - 200 * 1000;
          });
      return cases;
    }

    JobQuery MakeQuery(const Case& item, JobOrder order, bool isDeep)
    {
      JobQuery query;
      query.filter = item.filter;
      query.order = order;
      query.limit = PAGE;
      if (isDeep)
      {
        query.after = JobPosition{(BEGIN + END) / 2, COUNT / 2, ""};
      }
      return query;
    }

    std::string Explain(IDatabase& database, const std::string& how, const JobQuery& query)
    {
      const JobSelect select(query);
      std::string plan;
      Transaction transaction(database, AccessMode::ReadOnly);
      transaction.QueryRows(how + select.GetText(), select.GetParameters(),
                            [&plan](const IRow& row)
                            {
                              plan += row.GetText(row.GetColumnCount() - 1) + "\n";
                            });
      return plan;
    }

    // The shortest of some reads (others use the machine as well), after each statement has been used so
    // often that PostgreSQL plans it without looking at the values.
    double Measure(JobReader& reader, const JobQuery& query)
    {
      double shortest = 1e9;
      for (int i = 0; i < 10; i++)
      {
        const auto start = std::chrono::steady_clock::now();
        reader.Find(query);
        const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
        shortest = i < 6 ? shortest : std::min(shortest, time.count());
      }
      return shortest;
    }
  }

  TEST(JobSelectPlan, PostgreSQLReadsAnIndexInOrder)
  {
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Jobs");
    InsertManyJobs(database->Get(), COUNT);
    TestJob rare;
    rare.type = "Rare";
    rare.destination = "Rare";
    rare.created = END + 1;
    {
      rare.created = (BEGIN + END) / 2 + 500;
      InsertJob(database->Get(), rare);
      Transaction transaction(database->Get(), AccessMode::ReadWrite);
      transaction.Execute("ANALYZE SharedJobs");
      transaction.Commit();
    }
    JobReader reader(database->Get());
    double longest = 0;
    for (const Case& item : GetCases())
    {
      for (const JobOrder order : {JobOrder::Created, JobOrder::CreatedDescending})
      {
        for (const bool isDeep : {false, true})
        {
          const JobQuery query = MakeQuery(item, order, isDeep);
          const std::string plan = Explain(database->Get(), "EXPLAIN (COSTS OFF) ", query);
          EXPECT_EQ(std::string::npos, plan.find("Seq Scan")) << item.name << "\n" << plan;
          EXPECT_EQ(std::string::npos, plan.find("Filter:")) << item.name << "\n" << plan;
          if (isDeep && order == JobOrder::Created && !item.filter.until)
          {
            EXPECT_EQ(item.expected, reader.Find(query).ids.size()) << item.name;
          }
          const double time = Measure(reader, query);
          std::printf("%-36s %-4s %-5s page: %.2f ms\n", item.name,
                      order == JobOrder::Created ? "asc" : "desc", isDeep ? "deep" : "first", time);
          longest = std::max(longest, time);
        }
      }
    }
    JobQuery query;
    query.order = JobOrder::Created;
    query.limit = PAGE;
    query.after = JobPosition{(BEGIN + END) / 2, COUNT / 2, ""};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(PAGE, JobCursor(reader, reader.Find(query).ids).Next().size());
    const std::chrono::duration<double, std::milli> expanded = std::chrono::steady_clock::now() - start;
    std::printf("An expanded page, with contents: %.2f ms\n", expanded.count());
    std::printf("The slowest page of %zu among %lld jobs: %.2f ms\n", PAGE, static_cast<long long>(COUNT),
                longest);
    RecordProperty("microseconds", static_cast<int>(1000 * longest));
    EXPECT_LT(longest, 20);
  }

  TEST(JobSelectPlan, SQLiteReadsAnIndexInOrder)
  {
    const auto database = TestDatabase::Create(Engine::SQLite);
    database->Migrate("Jobs");
    for (const Case& item : GetCases())
    {
      for (const JobOrder order : {JobOrder::Created, JobOrder::CreatedDescending})
      {
        for (const bool isDeep : {false, true})
        {
          const std::string plan =
              Explain(database->Get(), "EXPLAIN QUERY PLAN ", MakeQuery(item, order, isDeep));
          const bool hasBranches = plan.find("MERGE") != std::string::npos ||
                                   plan.find("UNION") != std::string::npos ||
                                   plan.find("COMPOUND") != std::string::npos;
          EXPECT_NE(std::string::npos, plan.find("SEARCH SharedJobs USING INDEX SharedJobsOf")) << plan;
          EXPECT_EQ(std::string::npos, plan.find("SCAN SharedJobs")) << item.name << "\n" << plan;
          EXPECT_TRUE(hasBranches || plan.find("TEMP B-TREE") == std::string::npos) << item.name << "\n"
                                                                                    << plan;
        }
      }
    }
  }
}
