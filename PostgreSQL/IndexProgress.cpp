// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/IndexProgress.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"

#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::seconds PAUSE{10};
  }

  IndexProgress::IndexProgress(IDatabase& database)
      : database_(database), task_("The progress of the indexes",
                                   [this]
                                   {
                                     return Report();
                                   })
  {
    task_.Start();
  }

  std::chrono::milliseconds IndexProgress::Report()
  {
    if (!std::exchange(hasBegun_, true))
    {
      return PAUSE; // what is quick needs no line
    }
    RunTransaction(
        database_, AccessMode::ReadOnly,
        [](Transaction& transaction)
        {
          transaction.QueryEach<std::string, std::string, int64_t>(
              "SELECT CAST(p.relid::regclass AS TEXT), p.phase, CAST(CASE "
              "WHEN p.tuples_total > 0 THEN 100 * p.tuples_done / p.tuples_total "
              "WHEN p.blocks_total > 0 THEN 100 * p.blocks_done / p.blocks_total ELSE 0 END AS BIGINT) "
              "FROM pg_catalog.pg_stat_progress_create_index p "
              "WHERE p.datname = current_database() AND p.relid IS NOT NULL AND p.phase IS NOT NULL",
              [](const std::string& table, const std::string& phase, int64_t percent)
              {
                LogWarning("PostgreSQL builds an index on the table " + table + ": " + phase + ", " +
                           std::to_string(percent) + "%");
              });
        });
    return PAUSE;
  }
}
