// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // How many letters have to be inserted, removed, replaced or swapped with their neighbour to make one word
  // of the other. Upper and lower case of ASCII are the same.
  size_t GetEditDistance(std::string_view first, std::string_view second);

  // The word that is closest to a misspelled or shortened one, the first in the order of the set if there are
  // several; null if the set is empty.
  const std::string* FindClosest(std::string_view word, const std::set<std::string>& words);
}
