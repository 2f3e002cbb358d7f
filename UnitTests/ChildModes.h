// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Migrator.h"

#include <span>
#include <string>
#include <vector>

namespace OrthancRegistry::Testing
{
  // What the children of the tests do once the gate is open. "address" is TestDatabase::GetAddress().
  //   migrate ADDRESS          runs GetStepMigrations() as component "Steps"; the exit code is the number of
  //   steps run increment ADDRESS COUNT  adds one to the row of table Counter so many times, each in its own
  //   transaction insert ADDRESS           inserts 1, 2, ... in table Written(id) until it is killed, each in
  //   its own transaction,
  //                            and then notes the number in table Acknowledged(id) by another transaction
  int RunChildMode(const std::vector<std::string>& arguments);

  // Each step notes itself in table Steps(step).
  std::span<const Migration> GetStepMigrations();
}
