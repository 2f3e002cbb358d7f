// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"

#include <string>

namespace OrthancRegistry
{
  // Finds out, over new connections, what became of a transaction whose connection broke during COMMIT.
  // Returns if it was committed. Throws ConnectionLostError if it was rolled back, CommitInDoubtError if that
  // cannot be known within the time limit. "process" is the one of the server that ran the transaction; if
  // that still waits for its lost client, it is ended.
  void ResolveCommit(const PostgreSQLParameters& parameters, const std::string& transactionId, int process);
}
