// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/CrashRecords.h"

#include "Framework/Database/Retry.h"

#include <sstream>

namespace OrthancRegistry
{
  std::string MakeCrashRecord(const std::string& serverIdentifier, const std::string& incarnation,
                              int64_t fence)
  {
    return serverIdentifier + "/" + incarnation + "/" + std::to_string(fence) + "\n";
  }

  std::string FormatCrashedReplicas(const std::string& records)
  {
    std::string names;
    std::istringstream lines(records);
    for (std::string line; std::getline(lines, line);)
    {
      // From the end: an identifier may hold any character
      const size_t fence = line.rfind('/');
      const size_t incarnation =
          fence == std::string::npos || fence == 0 ? fence : line.rfind('/', fence - 1);
      names += (names.empty() ? "" : ", ") + line.substr(0, incarnation);
    }
    return names;
  }

  CrashRecords::CrashRecords(const ReplicaIdentity& identity, IDatabase& database)
      : identity_(identity), database_(database)
  {
  }

  void CrashRecords::TakeBack(const std::vector<ClaimedJob>& runs)
  {
    RetryPolicy policy;
    policy.isRepeatable = true;
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          for (const ClaimedJob& run : runs)
          {
            const std::string record =
                MakeCrashRecord(identity_.serverIdentifier, identity_.incarnation, run.fence);
            transaction.Execute(
                "UPDATE SharedJobs SET crashes = crashes - 1 WHERE id = $1 AND completedAt IS NULL"
                " AND crashes > 0 AND EXISTS (SELECT 1 FROM SharedJobDetails AS detail WHERE detail.id = $1"
                " AND detail.lostReplicas <> replace(detail.lostReplicas, $2, ''))",
                run.id, record);
            transaction.Execute(
                "UPDATE SharedJobDetails SET lostReplicas = replace(lostReplicas, $2, '') WHERE id = $1"
                " AND lostReplicas <> '' AND EXISTS (SELECT 1 FROM SharedJobs AS job WHERE job.id = $1"
                " AND job.completedAt IS NULL)",
                run.id, record);
          }
        },
        policy);
  }
}
