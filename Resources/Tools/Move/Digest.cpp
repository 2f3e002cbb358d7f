// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/Digest.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr uint64_t ODD = 0x9e3779b97f4a7c15; // the golden ratio: its bits follow no pattern
    constexpr int ROTATION = 29;

    // Each bit of the word changes about half of those of the result.
    uint64_t Scramble(uint64_t word)
    {
      word = (word ^ (word >> 32)) * ODD;
      word = (word ^ (word >> 29)) * ODD;
      return word ^ (word >> 32);
    }
  }

  void RowDigest::Mix(uint64_t word)
  {
    state_ = std::rotl(state_ ^ Scramble(word + ODD), ROTATION) * ODD;
  }

  void RowDigest::Add(int64_t value)
  {
    Mix(static_cast<uint64_t>(value));
  }

  void RowDigest::Add(std::string_view bytes)
  {
    Mix(bytes.size());
    while (!bytes.empty())
    {
      uint64_t word = 0;
      const size_t size = std::min(bytes.size(), sizeof(word));
      std::memcpy(&word, bytes.data(), size);
      Mix(word);
      bytes.remove_prefix(size);
    }
  }

  uint64_t RowDigest::Get() const
  {
    return Scramble(state_);
  }
}
