// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace OrthancRegistry
{
  // Who this replica is
  struct ReplicaIdentity
  {
    std::string incarnation;      // UUID of this start of the process
    std::string serverIdentifier; // "DatabaseServerIdentifier" of /system
    std::string name;             // option "Name" of Orthanc
    std::string version;          // of Orthanc
  };
}
