// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace OrthancRegistry
{
  // How patients, studies and series become stable
  struct StabilityConfiguration
  {
    bool isEnabled = true;        // "Registry.EnableStability"
    unsigned int ageSeconds = 60; // option "StableAge" of the core
  };
}
