// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Migrator.h"

// The migrations of the plugins, and behind them those of UnitTests/NextVersion: what a next version has.
namespace OrthancRegistry::PostgreSQL
{
  std::span<const Migration> GetNextMigrations(std::string_view component);
}

namespace OrthancRegistry::SQLite
{
  std::span<const Migration> GetNextMigrations(std::string_view component);
}
