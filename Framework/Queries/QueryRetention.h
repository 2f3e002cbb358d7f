// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IDatabase.h"
#include "Framework/Queries/QueriesConfiguration.h"

namespace OrthancRegistry
{
  // Removes handles beyond the number that the cluster keeps, those first that have not been used for the
  // longest time, and those that are too old. Any number of replicas may do so at once. Thread-safe.
  class QueryRetention
  {
  public:
    // The database must outlive this object.
    QueryRetention(const QueriesConfiguration& configuration, IDatabase& database);

    // From now on once a minute
    void Start();
    void Stop();

    // Answers how many handles it has removed.
    int64_t Prune();

  private:
    std::chrono::milliseconds Turn();
    int64_t PruneExcess();
    int64_t PruneOld();

    const QueriesConfiguration configuration_;
    IDatabase& database_;
    BackgroundTask task_;
  };
}
