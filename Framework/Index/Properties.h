// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

// Global properties. An empty server identifier means: shared by all servers.
namespace OrthancRegistry::Properties
{
  std::optional<std::string> Lookup(IndexTransaction& t, const std::string& server, int property);
  void Set(IndexTransaction& t, const std::string& server, int property, const std::string& value);

  // Atomic; the first use answers the increment itself. A value that is no integer is a StatementError.
  int64_t Increment(IndexTransaction& t, const std::string& server, int property, int64_t increment);
}
