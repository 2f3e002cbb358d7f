// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/RunStore.h"

#include <string>

namespace OrthancRegistry
{
  // Of the registry that a core has saved (global property 5), keeps the local jobs of this server that have
  // not ended; everything else would be run twice, or has another owner by now. A text that is no such
  // registry is answered as it is: the core ignores what it cannot read.
  std::string FilterSavedRegistry(const std::string& registry, RunStore& runs);

  // Of the registry that a core is about to save, drops the jobs that hold the parameters of a peer: the core
  // writes them with passwords and HTTP headers in clear. A text that cannot be read is replaced by an empty
  // registry.
  std::string RedactSavedRegistry(const std::string& registry);
}
