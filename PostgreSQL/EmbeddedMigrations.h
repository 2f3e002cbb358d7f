// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Migrator.h"

namespace OrthancRegistry::PostgreSQL
{
  // The scripts PostgreSQL/Migrations/<component>/NNNN-name.sql, embedded at build time.
  std::span<const Migration> GetMigrations(std::string_view component);
}
