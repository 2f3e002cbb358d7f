// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Benchmarks/Workers.h"

#include <chrono>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  void MeasureInThreads(benchmark::State& state, int count, const std::function<void(int, int)>& action)
  {
    std::mutex mutex;
    std::string error;
    for (auto _ : state)
    {
      const auto start = std::chrono::steady_clock::now();
      {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < state.range(0); thread++)
        {
          threads.emplace_back(
              [&, thread]
              {
                try
                {
                  for (int number = 0; number < count; number++)
                  {
                    action(thread, number);
                  }
                }
                catch (const std::exception& e)
                {
                  const std::lock_guard lock(mutex);
                  error = e.what();
                }
              });
        }
      }
      state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    if (!error.empty())
    {
      state.SkipWithError(error);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0) * count);
  }
}
