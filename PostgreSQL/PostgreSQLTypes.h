// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <libpq-fe.h>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // The numbers of the built-in types of PostgreSQL (catalog pg_type), which never change.
  namespace TypeNumber
  {
    constexpr Oid BOOLEAN = 16;
    constexpr Oid BYTEA = 17;
    constexpr Oid CHARACTER = 18; // "char"
    constexpr Oid NAME = 19;
    constexpr Oid BIGINT = 20;
    constexpr Oid SMALLINT = 21;
    constexpr Oid INTEGER = 23;
    constexpr Oid TEXT = 25;
    constexpr Oid OBJECT_IDENTIFIER = 26;
    constexpr Oid JSON = 114;
    constexpr Oid REAL = 700;
    constexpr Oid DOUBLE_PRECISION = 701;
    constexpr Oid UNKNOWN = 705;
    constexpr Oid TEXT_LIST = 1009;
    constexpr Oid BIGINT_LIST = 1016;
    constexpr Oid BLANK_PADDED = 1042;
    constexpr Oid VARCHAR = 1043;
  }

  // Integers on the wire are big-endian.
  template <std::unsigned_integral T>
  void AppendBigEndian(std::string& target, T value)
  {
    for (size_t i = sizeof(T); i > 0; i--)
    {
      target.push_back(static_cast<char>((value >> (8 * (i - 1))) & 0xff));
    }
  }

  template <std::unsigned_integral T>
  T ReadBigEndian(std::string_view bytes)
  {
    T value = 0;
    for (size_t i = 0; i < sizeof(T); i++)
    {
      value = static_cast<T>((value << 8) | static_cast<unsigned char>(bytes[i]));
    }
    return value;
  }
}
