// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Jobs/RunStore.h"

namespace OrthancRegistry
{
  // Puts a queued job whose run has failed off to its next run, in the transaction that writes the end of the
  // run, if the configuration wants another one. Enqueues "written" for the case that it has. Statements that
  // follow, and that demand that this replica owns the run, do nothing then; otherwise they write the end.
  void PutOffRetry(Transaction& transaction, const RunUpdate& update, const std::string& incarnation,
                   const JobsConfiguration& configuration, std::vector<std::string>& written);
}
