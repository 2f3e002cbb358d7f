// SPDX-License-Identifier: GPL-3.0-or-later
//
// Claiming a job and writing its end, by our code and by pgbench, which runs the statements that our code has
// sent. Our code also asks for the id of each writing transaction, for the case that a commit is in doubt.

#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/ClaimStore.h"
#include "Framework/Jobs/RunStore.h"
#include "Framework/Replicas/ReplicaRegistry.h"
#include "Resources/Benchmarks/RecordingDatabase.h"
#include "Resources/Benchmarks/TestSchema.h"
#include "Resources/Benchmarks/Workers.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  namespace
  {
    constexpr int ROUNDS = 500; // of each thread
    constexpr int REPETITIONS = 3;

    void FillQueue(TestSchema& schema, int64_t count)
    {
      // Fences far from any other number, so that they can be told from them in a script
      schema.Execute("INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, fence, createdAt,"
                     " changedAt) SELECT CAST(gen_random_uuid() AS TEXT), 'ResourceModification', 0, 0, 0, "
                     "0, 471100, 1, 1"
                     " FROM generate_series(1, " +
                     std::to_string(count) + ")");
      schema.Execute("INSERT INTO SharedJobDetails(id, uri, body) SELECT id, '/studies/1/anonymize', '{}'"
                     " FROM SharedJobs");
      schema.Execute("ANALYZE");
    }

    // A replica that runs jobs in no time
    class Replica
    {
    public:
      Replica(IDatabase& database, IMessageBus& bus)
          : identity_{GenerateUuid(), "benchmark", "benchmark", ""}, registry_({}, identity_, database),
            claims_({}, identity_, database, bus), runs_(identity_, database, bus, registry_)
      {
        registry_.Register();
      }

      ClaimedJob Claim()
      {
        const ClaimAnswer answer = claims_.Claim(1);
        if (answer.jobs.size() != 1)
        {
          throw std::runtime_error("Nothing could be claimed");
        }
        return answer.jobs[0];
      }

      void Complete(const ClaimedJob& job)
      {
        CoreUpdates updates;
        RunUpdate& update = updates.runs.emplace_back();
        update.job = job;
        update.core.id = job.id;
        update.core.type = job.type;
        update.core.state = JobState::Success;
        update.core.progress = 100;
        update.isFirst = true;
        if (!runs_.Write(updates).empty())
        {
          throw std::runtime_error("The end could not be written");
        }
      }

    private:
      ReplicaIdentity identity_;
      ReplicaRegistry registry_;
      ClaimStore claims_;
      RunStore runs_;
    };

    void ClaimAndComplete(benchmark::State& state)
    {
      TestSchema schema;
      FillQueue(schema, (REPETITIONS + 1) * ROUNDS * state.range(0));
      std::vector<std::unique_ptr<Replica>> replicas;
      for (int64_t i = 0; i < state.range(0); i++)
      {
        replicas.push_back(std::make_unique<Replica>(schema.Get(), schema.GetBus()));
        replicas.back()->Complete(replicas.back()->Claim());
      }
      MeasureInThreads(state, ROUNDS,
                       [&](int thread, int)
                       {
                         Replica& replica = *replicas[static_cast<size_t>(thread)];
                         replica.Complete(replica.Claim());
                       });
    }

    // What one claim and one end send, with the variables that the answer to the claim sets
    void WriteScript(TestSchema& schema, const std::string& path)
    {
      RecordingDatabase recording(schema.Get());
      Replica replica(schema.Get(), schema.GetBus());
      replica.Complete(replica.Claim()); // the first claim also looks at the configuration
      Replica recorded(recording, schema.GetBus());
      recorded.Complete(recorded.Claim());
      const size_t before = recording.GetScript({}).size();
      const ClaimedJob job = recorded.Claim();
      recorded.Complete(job);
      const std::vector<std::string> script =
          recording.GetScript({{job.id, ":id"}, {std::to_string(job.fence), ":fence"}});
      std::ofstream file(path);
      for (size_t i = before; i < script.size(); i++)
      {
        file << script[i] << (script[i].starts_with("WITH self") ? "\n\\gset\n" : ";\n");
      }
      if (!file.flush())
      {
        throw std::runtime_error("Cannot write " + path);
      }
    }

    double RunPgbench(const TestSchema& schema, const std::string& path, int64_t clients)
    {
      const std::string command = "PGOPTIONS='-c search_path=" + schema.GetName() +
                                  "' pgbench -n -M prepared -c " + std::to_string(clients) + " -j " +
                                  std::to_string(clients) + " -t " + std::to_string(ROUNDS) + " -f " + path +
                                  " \"$REGISTRY_TEST_POSTGRESQL\" 2>&1";
      const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
      std::string output;
      char buffer[256];
      while (pipe != nullptr && fgets(buffer, sizeof(buffer), pipe.get()) != nullptr)
      {
        output += buffer;
      }
      const size_t rate = output.find("tps = ");
      if (rate == std::string::npos || output.find("aborted") != std::string::npos)
      {
        throw std::runtime_error("pgbench: " + output);
      }
      return std::strtod(output.c_str() + rate + 6, nullptr);
    }

    void PgbenchClaimAndComplete(benchmark::State& state)
    {
      TestSchema schema;
      FillQueue(schema, (REPETITIONS + 1) * ROUNDS * state.range(0) + 10);
      const std::string path = std::filesystem::temp_directory_path() / (schema.GetName() + ".sql");
      try
      {
        WriteScript(schema, path);
        for (auto _ : state)
        {
          state.SetIterationTime(static_cast<double>(ROUNDS * state.range(0)) /
                                 RunPgbench(schema, path, state.range(0)));
        }
        if (std::getenv("REGISTRY_SHOW_SCRIPT") != nullptr)
        {
          std::cout << std::ifstream(path).rdbuf() << std::endl;
        }
      }
      catch (const std::exception& e)
      {
        state.SkipWithError(e.what());
      }
      std::filesystem::remove(path);
      state.SetItemsProcessed(state.iterations() * state.range(0) * ROUNDS);
    }

    BENCHMARK(ClaimAndComplete)
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(4)
        ->Arg(8)
        ->Iterations(REPETITIONS)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
    BENCHMARK(PgbenchClaimAndComplete)
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(4)
        ->Arg(8)
        ->Iterations(REPETITIONS)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
}
