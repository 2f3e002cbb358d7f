// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <cstdint>
#include <optional>

namespace OrthancRegistry
{
  // What the stock plugin has made and nobody has taken over yet
  struct StockSchema
  {
    int revision; // 1 to 10; 0 = before revisions were counted
    int64_t size; // bytes of the tables that grow with the number of instances

    static std::optional<StockSchema> Find(IDatabase& database);
  };

  // Brings a database of the stock plugin to where the migrations of the component "Index" can go on: its
  // tables stay as they are, what revision 10 has and they lack is added, and in one transaction our triggers
  // and functions take over from those of stock. Steps that were done before an interruption are not done
  // again (component "Adoption"). What can wait is left to DeferredIndexes.
  //
  // Answers whether the database was made by the stock plugin, be it adopted now or earlier. "isExclusive":
  // this process holds the lock that a stock plugin with the option "Lock" would hold. RegistryError if the
  // schema is not known, or if such a plugin is still there.
  bool AdoptStockSchema(IDatabase& database, bool isExclusive);
}
