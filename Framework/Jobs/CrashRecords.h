// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Jobs/RunTable.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Column "lostReplicas" of a job: one line for each run during which its replica died, which together are
  // its column "crashes". The text names the run, so that each can be taken back exactly once.
  std::string MakeCrashRecord(const std::string& serverIdentifier, const std::string& incarnation,
                              int64_t fence);

  // The server identifiers in such a text, in the order of the losses, for people: "a, b, a"
  std::string FormatCrashedReplicas(const std::string& records);

  class CrashRecords
  {
  public:
    CrashRecords(const ReplicaIdentity& identity, IDatabase& database);

    // This replica is alive: if others have counted these runs of its own as crashes, they are taken back
    // from the jobs that have not ended yet.
    void TakeBack(const std::vector<ClaimedJob>& runs);

  private:
    const ReplicaIdentity identity_;
    IDatabase& database_;
  };
}
