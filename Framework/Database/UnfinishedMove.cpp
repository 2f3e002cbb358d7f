// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/UnfinishedMove.h"

#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  void RefuseUnfinishedMove(IDatabase& database)
  {
    const bool isUnfinished = RunTransaction(database, AccessMode::ReadOnly,
                                             [](Transaction& transaction)
                                             {
                                               return transaction.QueryValue<bool>(
                                                   "SELECT CASE WHEN EXISTS (SELECT 1 FROM SharedVersions "
                                                   "WHERE component = $1) THEN 1 ELSE 0 END",
                                                   MOVE_COMPONENT);
                                             });
    if (isUnfinished)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          "This database has been filled only in part by orthanc-registry-move: run that "
                          "program again, it continues where it was interrupted");
    }
  }
}
