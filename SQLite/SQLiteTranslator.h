// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace OrthancRegistry::SQLite
{
  // Turns a statement of the common subset into SQL of SQLite:
  //   $n                                           ?n
  //   = ANY($n)                                    IN (SELECT value FROM json_each(?n))
  //   unnest($n), to be named "value"              json_each(?n)
  //   FOR [NO KEY] UPDATE, FOR [KEY] SHARE [OF a, b] [SKIP LOCKED | NOWAIT]    nothing
  // Literals, quoted identifiers and comments are left alone, and so is everything else.
  std::string Translate(std::string_view sql);
}
