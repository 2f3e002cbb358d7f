// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"

#include <string>

namespace OrthancRegistry
{
  struct DoubtfulCommit
  {
    std::string transactionId; // "" if it had not arrived yet: there must be a proof then
    int process = 0;           // of the server, that ran it
    std::string processStart;  // see PostgreSQLConnection::GetProcessStart()
    std::string incarnation;   // of the server that ran it
    std::string proof;         // see IProvableSession, "" if there is none
    std::string proofParameter;
  };

  // Finds out, over new connections, what became of a transaction whose connection broke during COMMIT.
  // Returns if it was committed, and is as safe as other committed ones. Throws ConnectionLostError if it was
  // rolled back, CommitInDoubtError if that cannot be known within the time limit. If a process of the server
  // still runs it for its lost client, that is ended: after some time, or at once if it is not known which
  // transaction to ask about.
  //
  // A server that has crashed, and a standby that has taken over, may have lost the transaction and given its
  // number to another one. There its own proof counts; without one, "committed" leaves the doubt.
  void ResolveCommit(const PostgreSQLParameters& parameters, const DoubtfulCommit& commit);
}
