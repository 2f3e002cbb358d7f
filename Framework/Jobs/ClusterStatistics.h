// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Jobs/JobsConfiguration.h"

#include <json/value.h>

#include <chrono>
#include <mutex>

namespace OrthancRegistry
{
  // What GET /cluster/replicas and GET /cluster/statistics answer. Thread-safe.
  class ClusterStatistics
  {
  public:
    ClusterStatistics(const JobsConfiguration& configuration, IDatabase& database);

    // An array with one object per replica, in the order of name and start
    Json::Value GetReplicas();

    // At most one second old, whoever asks: counting jobs is not free.
    Json::Value GetStatistics();

  private:
    Json::Value Count();

    const JobsConfiguration configuration_;
    IDatabase& database_;

    std::mutex mutex_; // held while one thread counts for all
    Json::Value counted_;
    std::chrono::steady_clock::time_point countedAt_;
  };
}
