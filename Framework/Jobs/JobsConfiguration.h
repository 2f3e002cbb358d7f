// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace OrthancRegistry
{
  // Section "Registry" of the configuration, as far as jobs are concerned. Defaults suit a cluster of three.
  struct JobsConfiguration
  {
    unsigned int leaseSeconds = 15;
    unsigned int heartbeatMilliseconds = 1000;
    unsigned int maximumAttempts = 3;
    unsigned int concurrentJobs = 2;       // option "ConcurrentJobs" of the core: slots of this replica
    unsigned int lookupMilliseconds = 200; // how long an unknown id is asked for at the other replicas
  };

  // Who this replica is
  struct ReplicaIdentity
  {
    std::string incarnation;      // UUID of this start of the process
    std::string serverIdentifier; // "DatabaseServerIdentifier" of /system
    std::string name;             // option "Name" of Orthanc
    std::string version;          // of Orthanc
  };
}
