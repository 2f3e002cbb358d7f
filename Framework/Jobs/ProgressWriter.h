// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Jobs/RunStore.h"

#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Writes how far the jobs of a replica have got: one statement, and another one if contents have changed,
  // however many jobs there are. Enqueues "written", for those of which this replica still owns the run.
  void WriteProgress(Transaction& transaction, const std::vector<ProgressUpdate>& updates,
                     const std::string& incarnation, const JobsConfiguration& configuration,
                     std::vector<std::string>& written);
}
