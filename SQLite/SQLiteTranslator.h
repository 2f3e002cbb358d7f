// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <bitset>
#include <string>
#include <string_view>

namespace OrthancRegistry::SQLite
{
  // The parameters that are lists of one value: $1 is the first bit.
  using SingleValues = std::bitset<64>;

  // Turns a statement of the common subset into SQL of SQLite:
  //   $n                                           ?n
  //   = ANY($n)                                    IN (SELECT value FROM json_each(?n)), or IN (?n) for
  //                                                one value: it costs less and is easier to plan
  //   unnest($n), to be named "value"              json_each(?n), or (SELECT ?n AS value) likewise
  //   FOR [NO KEY] UPDATE, FOR [KEY] SHARE [OF a, b] [SKIP LOCKED | NOWAIT]    nothing
  // Literals, quoted identifiers and comments are left alone, and so is everything else.
  std::string Translate(std::string_view sql, SingleValues singles = {});
}
