// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <benchmark/benchmark.h>

#include <functional>

namespace OrthancRegistry::Benchmarks
{
  // Each iteration: action(thread, number) "count" times in each of as many threads as state.range(0) says.
  // The rate is that of all threads together. An exception ends the benchmark as an error.
  void MeasureInThreads(benchmark::State& state, int count, const std::function<void(int, int)>& action);
}
