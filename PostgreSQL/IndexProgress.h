// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IDatabase.h"

namespace OrthancRegistry
{
  // While this object lives, tells the log every ten seconds how far the indexes are that PostgreSQL is
  // building.
  class IndexProgress
  {
  public:
    explicit IndexProgress(IDatabase& database);

  private:
    std::chrono::milliseconds Report();

    IDatabase& database_;
    bool hasBegun_ = false; // used by the thread only
    BackgroundTask task_;
  };
}
