// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Configuration.h"

namespace OrthancRegistry
{
  struct PasswordConfiguration
  {
    std::string password;      // empty if there is none
    bool isFromOption = false; // "Password" of the stock plugin, which does not count beside a URI

    // From at most one of "Password", "PasswordFile" (the whole file but for the end of its last line) and
    // "PasswordVariable" (of the environment). Read now, once. RegistryError that names the option, and never
    // shows what it says.
    static PasswordConfiguration Read(ConfigurationSection& section);
  };
}
