// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryConfiguration.h"

#include <string_view>

// Which paths of the REST API have to do with the shared lists
namespace OrthancRegistry::DirectoryPaths
{
  // True if what is served there may read a list that is shared. Without a slash at the end.
  bool MayRead(const DirectoryConfiguration& configuration, std::string_view path);

  // True if it is an entry of a list that is shared: /modalities/{name}, /peers/{name}
  bool IsEntry(const DirectoryConfiguration& configuration, std::string_view path);
}
