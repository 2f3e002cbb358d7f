// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/FindRequest.h"

#include <string>

// The ids of what a search has found, as variables of the transaction at the server, so that the statements
// that retrieve contents can travel with the one that finds. See IIndexDialect::HasVariables().
namespace OrthancRegistry
{
  // Conditions on the rows of the common table expression "found", always true: they keep its ids. Its
  // columns are internalId, and ancestor0 ... ancestor2 where something of these levels is asked for.
  std::string KeepFoundIds(const FindRequest& request);

  // An array: of the resources found or of their ancestors, perhaps several times the same
  std::string GetKeptIds(ResourceLevel level);
}
