// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

namespace OrthancRegistry::Testing
{
  // Makes the tables of the stock plugin, with triggers and functions of the same names and simple bodies,
  // and one protected patient 1 with 2 instances (and a pending difference of the totals from revision 2 on),
  // and the patients 2 and 3, of which 3 is to be recycled first. "revision": 1 or 10.
  void MakeStockSchema(IDatabase& database, int revision);

  // The same without these rows
  void MakeEmptyStockSchema(IDatabase& database, int revision);
}
