// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/BooleanArgument.h"

#include "Framework/Common/Errors.h"

namespace OrthancRegistry
{
  bool ReadBooleanArgument(const HttpCall& call, const std::string& name)
  {
    const auto found = call.arguments.find(name);
    if (found == call.arguments.end())
    {
      return false;
    }
    const std::string& value = found->second;
    if (value.empty() || value == "1" || value == "true")
    {
      return true;
    }
    if (value == "0" || value == "false")
    {
      return false;
    }
    throw RegistryError(ErrorCode::ParameterOutOfRange,
                        "The argument \"" + name + "\" is not a Boolean: " + value);
  }
}
