// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/HttpCall.h"

#include <string>

namespace OrthancRegistry
{
  // As the core reads a Boolean argument of GET: absent, empty, or one of four words
  bool ReadBooleanArgument(const HttpCall& call, const std::string& name);
}
