// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/Batch.h"
#include "Resources/Tools/Move/SourceIndex.h"

#include <string>
#include <string_view>
#include <vector>

namespace OrthancRegistry::Move
{
  // Some rows of the source that become rows of one table of the target.
  struct CopyStep
  {
    std::string_view name;
    std::string_view table; // of the target
    std::vector<Column> columns;

    // A growing key, then the columns; in the order of the key. ?1 is the key to begin after, ?2 the
    // identifier of the server.
    std::string_view source;

    std::string_view count;     // of the same rows, counted in another way
    std::string_view condition; // the rows of the target that come from this step
  };

  // In an order in which each row finds those that it refers to. Levels and numbers of the core begin with 1
  // for patients in its own index, and with 0 in the tables of database plugins.
  std::vector<CopyStep> GetCopySteps(const SourceSchema& schema);

  // Numbers of the source that are never to be given out again: its table, and that of the target or, for
  // the order of recycling, what continues it.
  constexpr std::string_view SEQUENCES[] = {"Resources", "Changes", "ExportedResources", "Queues",
                                            "PatientRecyclingOrder"};
}
