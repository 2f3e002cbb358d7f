// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Directory/DirectoryHistory.h"
#include "Framework/Directory/SecretBox.h"

#include <string>
#include <vector>

namespace OrthancRegistry
{
  struct KeyRotation
  {
    int64_t rotated = 0;
    int64_t unchanged = 0;               // sealed with the current key already, or without secrets
    std::vector<std::string> unreadable; // left as they are
  };

  // Seals the secrets of all shared peers with the current key, those that are in the clear as well. The
  // entries get new versions, so that all replicas read them again, but keep their revisions, because what a
  // client sees of them is the same. RegistryError(BadRequest) without a key.
  KeyRotation RotateKey(IDatabase& database, const SecretBox& box, const DirectoryAuthor& author);
}
