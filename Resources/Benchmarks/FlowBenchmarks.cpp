// SPDX-License-Identifier: GPL-3.0-or-later
//
// Submitting and claiming with 10, 1,000 and 100,000 waiting jobs: both must take as long whatever waits.

#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/ClaimStore.h"
#include "Framework/Jobs/SubmitStore.h"
#include "Framework/Replicas/ReplicaRegistry.h"
#include "Resources/Benchmarks/TestSchema.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  namespace
  {
    constexpr int ROUNDS = 500;

    void FillQueue(TestSchema& schema, int64_t count)
    {
      schema.Execute(
          "INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, destination,"
          " createdAt, changedAt) SELECT 'waiting' || n, 'DicomModalityStore', 0, 0, 0, 0, 'PACS', 1, 1"
          " FROM generate_series(1, " +
          std::to_string(count) + ") AS n");
      schema.Execute("INSERT INTO SharedJobDetails(id, uri, body) SELECT id, '/modalities/PACS/store', ''"
                     " FROM SharedJobs");
      schema.Execute("ANALYZE");
    }

    NewJob MakeJob(const std::string& type)
    {
      NewJob job;
      job.type = type;
      job.request.uri = "/studies/1/anonymize";
      job.request.body = R"({"Asynchronous": true, "Replace": {"PatientName": "X"}})";
      return job;
    }

    // Measures each call, and reports the median and the slowest of a hundred besides the mean.
    template <typename Action>
    void Measure(benchmark::State& state, Action action)
    {
      std::vector<double> milliseconds;
      for (auto _ : state)
      {
        const auto start = std::chrono::steady_clock::now();
        action();
        milliseconds.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
      }
      std::sort(milliseconds.begin(), milliseconds.end());
      state.counters["median_ms"] = milliseconds[milliseconds.size() / 2];
      state.counters["p99_ms"] = milliseconds[milliseconds.size() * 99 / 100];
    }

    void Submit(benchmark::State& state)
    {
      TestSchema schema;
      FillQueue(schema, state.range(0));
      JobsConfiguration configuration;
      configuration.maximumWaitingJobs = static_cast<unsigned int>(state.range(1));
      SubmitStore store(configuration, schema.Get(), schema.GetBus());
      const NewJob job = MakeJob("ResourceModification");
      store.Submit(job);
      Measure(state,
              [&]
              {
                store.Submit(job);
              });
    }

    void SubmitWithKey(benchmark::State& state)
    {
      TestSchema schema;
      FillQueue(schema, state.range(0));
      SubmitStore store(JobsConfiguration(), schema.Get(), schema.GetBus());
      NewJob job = MakeJob("ResourceModification");
      store.Submit(job);
      int number = 0;
      Measure(state,
              [&]
              {
                job.requestKey = std::to_string(number++);
                store.Submit(job);
              });
    }

    // With a limit, all that has been waiting is blocked by it, and in front of what is claimed.
    void Claim(benchmark::State& state)
    {
      TestSchema schema;
      FillQueue(schema, state.range(0));
      JobsConfiguration configuration;
      if (state.range(1) > 0)
      {
        configuration.limits = {{{"", "PACS"}, 1}, {{"DicomModalityStore", ""}, 2}};
      }
      const ReplicaIdentity identity{GenerateUuid(), "benchmark", "benchmark", ""};
      ReplicaRegistry registry(configuration, identity, schema.Get());
      registry.Register();
      SubmitStore store(configuration, schema.Get(), schema.GetBus());
      ClaimStore claims(configuration, identity, schema.Get(), schema.GetBus());
      claims.Claim(1);
      for (int i = 0; i < ROUNDS; i++)
      {
        store.Submit(MakeJob("ResourceModification"));
      }
      Measure(state,
              [&]
              {
                if (claims.Claim(1).jobs.size() != 1)
                {
                  state.SkipWithError("Nothing could be claimed");
                }
              });
    }

    BENCHMARK(Submit)
        ->ArgNames({"waiting", "maximum"})
        ->Args({10, 0})
        ->Args({1000, 0})
        ->Args({100000, 0})
        ->Args({100000, 1000000})
        ->Iterations(ROUNDS)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
    BENCHMARK(SubmitWithKey)
        ->ArgName("waiting")
        ->Arg(10)
        ->Arg(100000)
        ->Iterations(ROUNDS)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
    BENCHMARK(Claim)
        ->ArgNames({"waiting", "limited"})
        ->Args({1000, 0})
        ->Args({100000, 0})
        ->Args({10, 1})
        ->Args({1000, 1})
        ->Args({100000, 1})
        ->Iterations(ROUNDS)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}
