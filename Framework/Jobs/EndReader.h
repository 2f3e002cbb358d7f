// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/RunTable.h"

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Reads how runs have ended as soon as the core says so: it forgets ended jobs soon, and their slots are
  // free long before the ends are written. What escapes it is found by the watcher. Thread-safe.
  class EndReader
  {
  public:
    struct Handlers
    {
      std::function<void()> onEnded;         // the end of a run is in the table
      std::function<void()> onOutputWaiting; // it has ended, and keeps its slot until its output is safe
    };

    EndReader(RunTable& runs, ICoreClient& core, Handlers handlers);

    void Start();
    void Stop();

    // A job of the core may have ended. Quick.
    void Push(const std::string& localId);

  private:
    std::chrono::milliseconds ReadPushed();
    void Read(const std::string& localId);

    RunTable& runs_;
    ICoreClient& core_;
    Handlers handlers_;
    std::mutex mutex_;
    std::vector<std::string> pushed_;
    BackgroundTask task_;
  };
}
