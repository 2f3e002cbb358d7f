// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace OrthancRegistry
{
  // What the header "Range" asks of a representation (RFC 9110, section 14)
  struct HttpRange
  {
    enum class Kind
    {
      Whole,        // no range, several ones, or none that can be understood: to be ignored
      Part,         // "first" to "last", both included
      Unsatisfiable // begins behind the end
    };

    Kind kind = Kind::Whole;
    uint64_t first = 0;
    uint64_t last = 0;

    uint64_t GetSize() const
    {
      return last - first + 1;
    }
  };

  HttpRange ParseRange(std::string_view header, uint64_t size);
}
