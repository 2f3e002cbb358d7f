// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Jobs/RunTable.h"

#include <chrono>

namespace OrthancRegistry
{
  // Takes the runs of this replica away from its core, so that others can run these jobs: all are cancelled,
  // and dropped from the table once the core has ended them, at the latest at the deadline. A core finishes
  // the step it is in, which may have been the last one: a run that has ended otherwise than by the
  // cancellation stays in the table, its end is to be written. Answers the dropped ones. Uses no database.
  std::vector<ClaimedJob> RecallRuns(RunTable& runs, ICoreClient& core,
                                     std::chrono::steady_clock::time_point deadline);
}
