// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Base64.h"

#include <cstdint>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::string_view ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr size_t CHARACTERS = 4; // stand for
    constexpr size_t BYTES = 3;      // bytes
    constexpr unsigned int BITS = 6; // of a character
    constexpr unsigned int BYTE_BITS = 8;
  }

  std::string EncodeBase64(std::string_view bytes)
  {
    std::string encoded;
    encoded.reserve((bytes.size() + BYTES - 1) / BYTES * CHARACTERS);
    for (size_t block = 0; block < bytes.size(); block += BYTES)
    {
      const std::string_view group = bytes.substr(block, BYTES);
      uint32_t value = 0;
      for (size_t i = 0; i < BYTES; i++)
      {
        value = (value << BYTE_BITS) | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
      }
      for (size_t i = 0; i < CHARACTERS; i++)
      {
        const size_t digit = (value >> (BITS * (CHARACTERS - 1 - i))) & (ALPHABET.size() - 1);
        encoded += i <= group.size() ? ALPHABET[digit] : '=';
      }
    }
    return encoded;
  }

  std::optional<std::string> DecodeBase64(std::string_view text)
  {
    if (text.size() % CHARACTERS != 0)
    {
      return std::nullopt;
    }
    std::string decoded;
    for (size_t block = 0; block < text.size(); block += CHARACTERS)
    {
      std::string_view digits = text.substr(block, CHARACTERS);
      if (block + CHARACTERS == text.size())
      {
        digits = digits.substr(0, digits.ends_with("==") ? CHARACTERS - 2
                                                         : CHARACTERS - (digits.ends_with('=') ? 1 : 0));
      }
      uint32_t value = 0;
      for (const char c : digits)
      {
        const size_t digit = ALPHABET.find(c);
        if (digit == std::string_view::npos)
        {
          return std::nullopt;
        }
        value = (value << BITS) | static_cast<uint32_t>(digit);
      }
      value <<= BITS * (CHARACTERS - digits.size());
      const size_t bytes = digits.size() - 1;
      if ((value & ((uint32_t{1} << (BYTE_BITS * (BYTES - bytes))) - 1)) != 0)
      {
        return std::nullopt; // bits that belong to no byte
      }
      for (size_t i = 0; i < bytes; i++)
      {
        decoded += static_cast<char>((value >> (BYTE_BITS * (BYTES - 1 - i))) & UINT8_MAX);
      }
    }
    return decoded;
  }
}
