// SPDX-License-Identifier: GPL-3.0-or-later
//
// The size of the tables of jobs after many of them have come, run and gone, against that of the same rows
// written anew (CLUSTER). Autovacuum runs as it is configured. REGISTRY_BLOAT_JOBS: how many.

#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/ClaimStore.h"
#include "Framework/Jobs/History.h"
#include "Framework/Jobs/RunStore.h"
#include "Framework/Jobs/SubmitStore.h"
#include "Framework/Replicas/ReplicaRegistry.h"
#include "Resources/Benchmarks/TestSchema.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  namespace
  {
    constexpr int64_t WAITING = 1000; // at most
    constexpr std::chrono::milliseconds BETWEEN_LOOKS{200};
    constexpr std::chrono::seconds AFTERWARDS{12}; // for what is done once there is less to do
    constexpr std::array TABLES = {"SharedJobs", "SharedJobDetails", "SharedJobRuns"};

    int64_t GetCount()
    {
      const char* const text = std::getenv("REGISTRY_BLOAT_JOBS");
      return text == nullptr ? 100000 : std::strtoll(text, nullptr, 10);
    }

    double GetMegabytes(TestSchema& schema)
    {
      Transaction transaction(schema.Get(), AccessMode::ReadOnly);
      int64_t bytes = 0;
      for (const char* const table : TABLES)
      {
        bytes += transaction.QueryValue<int64_t>("SELECT pg_total_relation_size(CAST($1 AS regclass))",
                                                 std::string(table));
      }
      return static_cast<double>(bytes) / 1048576;
    }

    // Looks at the size again and again.
    class Peak
    {
    public:
      explicit Peak(TestSchema& schema)
          : thread_(
                [this, &schema](const std::stop_token& stop)
                {
                  while (!stop.stop_requested())
                  {
                    megabytes_ = std::max(megabytes_, GetMegabytes(schema));
                    std::this_thread::sleep_for(BETWEEN_LOOKS);
                  }
                })
      {
      }

      double Get()
      {
        thread_.request_stop();
        thread_.join();
        return megabytes_;
      }

    private:
      double megabytes_ = 0;
      std::jthread thread_;
    };

    void RewriteTables(TestSchema& schema)
    {
      for (const char* const table : TABLES)
      {
        schema.Execute("CLUSTER " + std::string(table) + " USING " + table + "_pkey");
      }
    }

    void Submit(TestSchema& schema, int64_t count, const std::atomic<int64_t>& ended)
    {
      SubmitStore store(JobsConfiguration(), schema.Get(), schema.GetBus());
      NewJob job;
      job.type = "DicomModalityStore";
      job.destination = "PACS";
      job.request.uri = "/modalities/PACS/store";
      job.request.body = R"({"Asynchronous": true, "Resources": []})";
      for (int64_t submitted = 0; submitted < count;)
      {
        if (submitted - ended >= WAITING)
        {
          std::this_thread::yield();
          continue;
        }
        store.Submit(job);
        submitted++;
      }
    }

    void RunAll(TestSchema& schema, int64_t count, std::atomic<int64_t>& ended, History& history)
    {
      const ReplicaIdentity identity{GenerateUuid(), "benchmark", "benchmark", ""};
      ReplicaRegistry registry({}, identity, schema.Get());
      registry.Register();
      ClaimStore claims({}, identity, schema.Get(), schema.GetBus());
      RunStore runs(identity, schema.Get(), schema.GetBus(), registry);
      while (ended < count)
      {
        CoreUpdates updates;
        for (const ClaimedJob& job : claims.Claim(16).jobs)
        {
          RunUpdate& update = updates.runs.emplace_back();
          update.job = job;
          update.core.id = GenerateUuid();
          update.core.type = job.type;
          update.core.state = JobState::Success;
          update.core.progress = 100;
          update.core.content["Description"] = "REST API";
          update.isFirst = true;
        }
        if (!updates.runs.empty())
        {
          runs.Write(updates);
          ended += static_cast<int64_t>(updates.runs.size());
          history.OnJobsEnded(static_cast<int64_t>(updates.runs.size()));
        }
      }
    }

    // By whom, and how long they took all together (from PostgreSQL 18 on)
    void AddVacuums(TestSchema& schema, benchmark::State& state)
    {
      Transaction transaction(schema.Get(), AccessMode::ReadOnly);
      const auto [vacuums, automatic, milliseconds] =
          transaction
              .QueryOptional<int64_t, int64_t, double>(
                  "SELECT CAST(sum(vacuum_count) AS BIGINT), CAST(sum(autovacuum_count) AS BIGINT),"
                  " coalesce(sum(CAST(to_jsonb(s) ->> 'total_vacuum_time' AS DOUBLE PRECISION)), 0)"
                  " FROM pg_stat_user_tables s WHERE schemaname = current_schema()")
              .value();
      state.counters["vacuums"] = static_cast<double>(vacuums);
      state.counters["autovacuums"] = static_cast<double>(automatic);
      state.counters["vacuum_s"] = milliseconds / 1000;
    }

    void Bloat(benchmark::State& state)
    {
      TestSchema schema;
      JobsConfiguration configuration;
      configuration.historySize = static_cast<unsigned int>(state.range(0));
      configuration.historyDays = 0;
      const int64_t count = GetCount();
      std::atomic<int64_t> ended = 0;
      Peak peak(schema);
      History history(configuration, schema.Get());
      history.Start();
      for (auto _ : state)
      {
        {
          const std::jthread submitting(Submit, std::ref(schema), count, std::cref(ended));
          const std::jthread running(RunAll, std::ref(schema), count, std::ref(ended), std::ref(history));
        }
      }
      std::this_thread::sleep_for(AFTERWARDS);
      history.Stop();
      history.Prune();
      state.counters["peak_MB"] = peak.Get();
      state.counters["MB"] = GetMegabytes(schema);
      AddVacuums(schema, state);
      RewriteTables(schema);
      state.counters["live_MB"] = GetMegabytes(schema);
      state.counters["times"] = state.counters["MB"] / state.counters["live_MB"];
      state.SetItemsProcessed(count);
    }

    BENCHMARK(Bloat)->ArgName("history")->Arg(1000)->Arg(0)->Iterations(1)->UseRealTime()->Unit(
        benchmark::kSecond);
  }
}
