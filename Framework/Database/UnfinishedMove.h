// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <string_view>

namespace OrthancRegistry
{
  // A database that orthanc-registry-move is filling has a row of this component in SharedVersions, until all
  // of it is there.
  constexpr std::string_view MOVE_COMPONENT = "Move";

  // RegistryError(IncompatibleConfigurations) if the database has been filled only in part. Needs the table
  // SharedVersions.
  void RefuseUnfinishedMove(IDatabase& database);
}
