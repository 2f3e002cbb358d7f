// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/RunTable.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>

namespace OrthancRegistry
{
  // Submits claimed jobs to the core, on several threads because a submission can take long (the core reads
  // the whole study first). Thread-safe.
  class Runner
  {
  public:
    // "onSubmitted" is called, from any thread, when the core has accepted or refused a job.
    Runner(size_t threads, RunTable& runs, ICoreClient& core, std::function<void()> onSubmitted);
    ~Runner();

    void Start();

    // Returns when no submission is under way any more; those that have not begun are dropped.
    void Stop();

    void Push(ClaimedJob job);

  private:
    void Loop(const std::stop_token& stop);
    void Submit(const ClaimedJob& job);

    const size_t threadsCount_;
    RunTable& runs_;
    ICoreClient& core_;
    std::function<void()> onSubmitted_;

    std::mutex mutex_;
    std::condition_variable_any pushed_;
    std::deque<ClaimedJob> queue_;
    std::vector<std::jthread> threads_; // used by Start() and Stop() only
  };
}
