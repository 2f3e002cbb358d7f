// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Utf8.h"

#include <algorithm>
#include <cstdint>

namespace OrthancRegistry
{
  namespace
  {
    struct Sequence
    {
      size_t length = 0; // 0: not a first byte
      uint32_t bits = 0;
      uint32_t minimum = 0;
    };

    Sequence ReadFirstByte(unsigned char byte)
    {
      if ((byte & 0xe0) == 0xc0)
      {
        return {2, byte & 0x1fu, 0x80};
      }
      if ((byte & 0xf0) == 0xe0)
      {
        return {3, byte & 0x0fu, 0x800};
      }
      if ((byte & 0xf8) == 0xf0)
      {
        return {4, byte & 0x07u, 0x10000};
      }
      return {};
    }
  }

  bool IsStorableText(std::string_view text)
  {
    size_t position = 0;
    while (position < text.size())
    {
      const auto first = static_cast<unsigned char>(text[position]);
      if (first == 0)
      {
        return false;
      }
      if (first < 0x80)
      {
        position++;
        continue;
      }
      const Sequence sequence = ReadFirstByte(first);
      if (sequence.length == 0 || position + sequence.length > text.size())
      {
        return false;
      }
      uint32_t character = sequence.bits;
      for (size_t i = 1; i < sequence.length; i++)
      {
        const auto next = static_cast<unsigned char>(text[position + i]);
        if ((next & 0xc0) != 0x80)
        {
          return false;
        }
        character = (character << 6) | (next & 0x3fu);
      }
      const bool isSurrogate = character >= 0xd800 && character <= 0xdfff;
      if (character < sequence.minimum || character > 0x10ffff || isSurrogate)
      {
        return false;
      }
      position += sequence.length;
    }
    return true;
  }

  std::string ToStorableText(std::string_view text)
  {
    if (IsStorableText(text))
    {
      return std::string(text);
    }
    std::string result;
    result.reserve(text.size());
    while (!text.empty())
    {
      size_t length = 1;
      while (length <= 4 && !IsStorableText(text.substr(0, length)))
      {
        length++;
      }
      const bool isCharacter = length <= 4;
      length = isCharacter ? std::min(length, text.size()) : 1;
      result.append(isCharacter ? text.substr(0, length) : "?");
      text.remove_prefix(length);
    }
    return result;
  }
}
