// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Jobs/Job.h"

#include <string>
#include <vector>

namespace OrthancRegistry::Testing
{
  // A row of the registry that a test writes by itself, whatever has led to it
  struct TestJob
  {
    std::string id; // empty: a new one
    std::string type = "ResourceModification";
    JobState state = JobState::Pending;
    JobOrigin origin = JobOrigin::Queued;
    std::string destination;
    std::string replica = "a"; // of those that have run
    Timestamp created = 1000;
    Timestamp completed = 2000; // of those that have ended
    std::string content = "{}";
    bool isPutOff = false;
  };

  // Answers the ids, in the same order.
  std::vector<std::string> InsertJobs(IDatabase& database, const std::vector<TestJob>& jobs);
  std::string InsertJob(IDatabase& database, const TestJob& job);

  // So many jobs in one statement: types "T0" to "T3", destinations "D0" to "D9" of "T3", states that mostly
  // are Success, replicas "R0" to "R2"; created one millisecond after the other from 10^9 on.
  void InsertManyJobs(IDatabase& database, int64_t count);
}
