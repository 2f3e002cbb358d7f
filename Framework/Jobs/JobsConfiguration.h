// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Queued jobs that a rule is about: empty members match everything.
  struct JobPattern
  {
    std::string type;        // "DicomModalityStore", ...
    std::string destination; // modality or peer

    bool Matches(const std::string& jobType, const std::string& jobDestination) const
    {
      return (type.empty() || type == jobType) && (destination.empty() || destination == jobDestination);
    }
  };

  // Failed jobs are run again, after a delay that grows from run to run. The first rule that matches decides.
  struct RetryRule
  {
    JobPattern pattern;
    unsigned int attempts = 3; // runs altogether
    unsigned int delaySeconds = 60;
    double factor = 2; // from one delay to the next
    unsigned int maximumDelaySeconds = 3600;
    unsigned int jitterPercent = 10; // added at random, so that not all come back at once
  };

  // At most that many of the jobs run at a time in the whole cluster. All rules that match hold.
  struct FlowLimit
  {
    JobPattern pattern;
    unsigned int maximum = 1;
  };

  // Section "Registry" of the configuration, as far as jobs are concerned. Defaults suit a cluster of three.
  // 0 stands for "no limit" wherever it is allowed.
  struct JobsConfiguration
  {
    bool isReadOnly = false; // option "ReadOnly" of the core: nothing is written, no job is run

    // Replicas
    unsigned int leaseSeconds = 15;
    unsigned int heartbeatMilliseconds = 1000;
    unsigned int maximumAttempts = 3; // runs that ended with the loss of the replica
    unsigned int maximumCrashes = 2;  // of replicas that died while they ran the job
    unsigned int localJobsGraceSeconds = 60;
    unsigned int drainSeconds = 10;
    unsigned int concurrentJobs = 2;        // option "ConcurrentJobs" of the core: slots of this replica
    unsigned int lookupMilliseconds = 200;  // how long an unknown id is asked for at the other replicas
    unsigned int actionMilliseconds = 5000; // how long the owner of a job may take to answer an action

    // Flow
    std::vector<RetryRule> retries;
    std::vector<FlowLimit> limits;
    unsigned int ageingSeconds = 0; // waiting time that is worth one step of priority; 0 = none
    unsigned int maximumWaitingJobs = 0;
    uint64_t maximumBodySize = uint64_t{16} * 1024 * 1024;    // bytes
    uint64_t maximumContentSize = uint64_t{16} * 1024 * 1024; // bytes
    uint64_t compressionThreshold = uint64_t{64} * 1024;      // bytes
    std::vector<std::string> submitRoutes; // of plugins; "*" stands for one part of the path

    // History: per end state
    unsigned int historySize = 1000;
    unsigned int historyDays = 7;

    // Outputs
    bool areOutputsAsInCore = false;   // keep "mediaArchiveSize" of them, like a single Orthanc
    unsigned int mediaArchiveSize = 1; // option of the core
    unsigned int outputsCount = 100;
    unsigned int outputsSizeMegabytes = 20480;
    unsigned int outputsHours = 24;

    // Requests that wait for a change of a job
    unsigned int maximumWaiters = 10;

    int64_t GetLocalJobsGraceMicroseconds() const
    {
      return static_cast<int64_t>(localJobsGraceSeconds) * 1000000;
    }
  };
}
