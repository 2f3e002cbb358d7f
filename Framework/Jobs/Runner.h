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
  // Submits claimed jobs to the core, as soon as it has a slot for them, on several threads because a
  // submission can take long (the core reads the whole study first). Thread-safe.
  class Runner
  {
  public:
    struct Handlers
    {
      std::function<bool()> hasSlot; // asked again at each Wake()

      // From any thread
      std::function<void(const std::string& localId)> onAccepted; // the id is in the table of the runs
      std::function<void()> onRefused;                            // by the core, or not wanted any more
    };

    Runner(size_t threads, RunTable& runs, ICoreClient& core, Handlers handlers);
    ~Runner();

    void Start();

    // Returns when no submission is under way any more; those that have not begun are dropped.
    void Stop();

    void Push(ClaimedJob job);
    void Wake(); // a slot may have become free

  private:
    void Loop(const std::stop_token& stop);
    void Submit(const ClaimedJob& job);

    const size_t threadsCount_;
    RunTable& runs_;
    ICoreClient& core_;
    Handlers handlers_;

    std::mutex mutex_; // slots are taken under it
    std::condition_variable_any changed_;
    std::deque<ClaimedJob> queue_;
    std::vector<std::jthread> threads_; // used by Start() and Stop() only
  };
}
