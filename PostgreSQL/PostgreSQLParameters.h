// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace OrthancRegistry
{
  class PreferredHost;

  // How to reach PostgreSQL: keywords of libpq and their values, never a concatenated string, so that no
  // value can change the meaning of another one. Holds the password: never logged.
  struct PostgreSQLParameters
  {
    std::vector<std::pair<std::string, std::string>> keywords; // "host", "port", "dbname", ... of libpq
    std::string schema = "public";
    bool serializable = false; // option TransactionMode, of writing transactions
    bool isReader = false;     // option ReadOnly: a server that only follows another one will do

    std::shared_ptr<PreferredHost> preferredHost; // null if the order of the hosts is to be kept

    unsigned int maximumConnections = 50;
    unsigned int connectionRetries = 10;     // attempts to connect, after the first
    unsigned int connectionRetrySeconds = 5; // longest wait between two attempts
    unsigned int idleReleaseSeconds = 60;    // an unused connection is closed after that time
    unsigned int acquireTimeoutSeconds = 30; // longest wait for a free connection of the pool

    // Longest time to find out what became of a COMMIT that was cut off; then CommitInDoubtError. A standby
    // may have to take over first.
    unsigned int commitResolutionSeconds = 60;

    // A server that does not answer for so long is asked over another connection whether it is still there
    unsigned int answerCheckSeconds = 10;

    bool logsStatements = false; // option EnableVerboseLogs; without values

    // From a URI "postgresql://..."; throws RegistryError if libpq does not understand it.
    static PostgreSQLParameters FromUri(const std::string& uri);

    // The value of a keyword, null if it is absent
    const std::string* Find(std::string_view keyword) const;

    // Unless the value is empty
    void Add(const char* keyword, const std::string& value);
  };

  // The items of a text with commas, as libpq reads a list of hosts
  std::vector<std::string> SplitList(const std::string& list);

  // Whether the name is [a-z_][a-z0-9_]{0,62}
  bool IsSchemaName(const std::string& schema);

  // Throws RegistryError(ParameterOutOfRange) if it is not.
  void CheckSchemaName(const std::string& schema);
}
