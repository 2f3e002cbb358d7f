// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLConfiguration.h"

namespace OrthancRegistry
{
  // What stands between Orthanc and PostgreSQL
  enum class Pooling
  {
    None,
    Session,    // a pooler, that gives each connection a session of the server as long as it lasts
    Transaction // a pooler, that gives each transaction another session
  };

  // Finds out over one or two connections, made with the retries of the parameters. RegistryError for a
  // pooler by transaction that does not know of prepared statements.
  Pooling DetectPooling(const PostgreSQLParameters& parameters);

  // Whether there are sessions that last, for messages and locks: directly, or past the pooler by the option
  // "DirectUri". A warning in the log if not. RegistryError if the configuration needs them and has none.
  bool HasLastingSessions(const PostgreSQLConfiguration& configuration);
}
