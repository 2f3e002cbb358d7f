// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"

#include <variant>
#include <vector>

namespace OrthancRegistry
{
  // The parameters of a statement that has been put together at run time, from variants of bindable types.
  // They refer to the values, which must outlive them.
  template <typename Values>
  std::vector<Parameter> BindEach(const Values& values)
  {
    std::vector<Parameter> parameters;
    parameters.reserve(values.size());
    for (const auto& value : values)
    {
      std::visit(
          [&parameters](const auto& content)
          {
            parameters.push_back(Bind(content));
          },
          value);
    }
    return parameters;
  }
}
