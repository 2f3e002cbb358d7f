// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace OrthancRegistry
{
  // How the handles of queries are shared
  struct QueriesConfiguration
  {
    bool isEnabled = true;      // "Registry.EnableQueries"
    unsigned int size = 100;    // option "QueryRetrieveSize" of the core: handles kept in the cluster
    unsigned int hours = 24;    // they are kept that long; 0 = no limit
    std::string localAet;       // option "DicomAet" of the core
    std::string retrieveMethod; // option "DicomDefaultRetrieveMethod" of the core
  };
}
