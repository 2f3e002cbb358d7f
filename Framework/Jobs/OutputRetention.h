// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IDatabase.h"
#include "Framework/Jobs/JobsConfiguration.h"

#include <vector>

namespace OrthancRegistry
{
  // Evicts the outputs that are too many, too large together or too old, and deletes the chunks of evicted
  // and abandoned ones, in small batches. Each replica does so for the whole cluster: what one is at, the
  // others skip. Thread-safe.
  class OutputRetention
  {
  public:
    OutputRetention(const JobsConfiguration& configuration, IDatabase& database);

    void Start();
    void Stop();

    // An output has been completed or evicted.
    void Wake();

  private:
    enum class Cause
    {
      Evicted = 0, // already; its chunks are still there
      Abandoned = 1,
      Count = 2,
      Size = 3,
      Age = 4
    };

    struct Victim
    {
      std::string jobId;
      std::string key;
      int64_t fence = 0;
      Cause cause = Cause::Evicted;
    };

    std::chrono::milliseconds Work();
    bool IsAnyStored();
    std::vector<Victim> FindVictims();
    std::string GetReason(Cause cause) const;
    void Mark(const Victim& victim);
    bool DeleteChunks(const Victim& victim); // one batch; false if there is nothing left to do

    unsigned int count_;
    uint64_t size_;        // bytes
    int64_t microseconds_; // of age
    std::string countReason_;
    IDatabase& database_;
    BackgroundTask task_;
  };
}
