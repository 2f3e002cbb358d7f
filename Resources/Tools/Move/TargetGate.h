// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/ITarget.h"

namespace OrthancRegistry::Move
{
  enum class Beginning
  {
    New,
    Continued
  };

  // Marks the target as filled in part by this source, in one transaction that excludes servers that are
  // being started on it. RegistryError if it holds anything that this program has not put there, or if a move
  // from another source, or from this one in an earlier state, has begun.
  Beginning BeginMove(ITarget& target, const std::string& fingerprint, const std::string& server);
}
