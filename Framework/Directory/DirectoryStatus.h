// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Directory/DirectoryConfiguration.h"

#include <json/value.h>

namespace OrthancRegistry
{
  // What GET /cluster/directory answers: both lists, without the values of their entries, and what which
  // server cannot use.
  Json::Value ReadDirectoryStatus(IDatabase& database, const DirectoryConfiguration& configuration);
}
