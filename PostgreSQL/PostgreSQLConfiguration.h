// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"

#include <json/value.h>

#include <cstdint>

namespace OrthancRegistry
{
  // The section "PostgreSQL" of the configuration of Orthanc: the options of the stock plugins, with their
  // meanings and defaults, and ours about TLS and the password; read by both the index and the storage
  // plugin. As in the stock plugins, "ConnectionUri" replaces "Host", "Port", "Database", "Username",
  // "Password" and "EnableSsl". The other options that say how to connect complete it where it is silent.
  //
  // Two options are accepted and have no effect: "UseDynamicConnectionPool" (connections are always made on
  // demand) and "AllowInconsistentChildCounts" (counts of children are always exact).
  struct PostgreSQLConfiguration
  {
    bool isIndexEnabled = false;
    bool isStorageEnabled = false;
    bool isLocked = true;                 // "Lock": no other Orthanc may use this database
    uint32_t maximumRetries = 10;         // "MaximumConnectionRetries", of transactions as well
    unsigned int housekeepingSeconds = 1; // "HousekeepingInterval"
    PostgreSQLParameters parameters;

    // For sessions that last: messages, locks, the building of indexes. Those above unless "DirectUri" says
    // how to reach the server past a pooler.
    PostgreSQLParameters lasting;
    bool hasDirectUri = false;

    // What the administrator should know: unknown options, a connection that others can listen to. To be
    // logged once, by a plugin that is enabled.
    std::vector<std::string> warnings;

    // From the whole configuration; RegistryError that names the option if one is wrong.
    static PostgreSQLConfiguration Read(const Json::Value& configuration);
  };
}
