// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLRow.h"

#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLTypes.h"

#include <bit>

namespace OrthancRegistry
{
  size_t PostgreSQLRow::GetColumnCount() const
  {
    return static_cast<size_t>(PQnfields(result_));
  }

  bool PostgreSQLRow::IsNull(size_t column) const
  {
    return PQgetisnull(result_, row_, static_cast<int>(column)) == 1;
  }

  Oid PostgreSQLRow::GetType(size_t column) const
  {
    return PQftype(result_, static_cast<int>(column));
  }

  std::string_view PostgreSQLRow::GetBytes(size_t column) const
  {
    const int index = static_cast<int>(column);
    return {PQgetvalue(result_, row_, index), static_cast<size_t>(PQgetlength(result_, row_, index))};
  }

  void PostgreSQLRow::ThrowUnreadable(size_t column, const char* wanted) const
  {
    throw StatementError("Column " + std::to_string(column) + " of a result has the PostgreSQL type " +
                         std::to_string(GetType(column)) + ", which cannot be read as " + wanted);
  }

  int64_t PostgreSQLRow::GetInteger(size_t column) const
  {
    const std::string_view bytes = GetBytes(column);
    switch (GetType(column))
    {
    case TypeNumber::BOOLEAN:
      return bytes[0] != 0 ? 1 : 0;
    case TypeNumber::SMALLINT:
      return static_cast<int16_t>(ReadBigEndian<uint16_t>(bytes));
    case TypeNumber::INTEGER:
      return static_cast<int32_t>(ReadBigEndian<uint32_t>(bytes));
    case TypeNumber::BIGINT:
      return static_cast<int64_t>(ReadBigEndian<uint64_t>(bytes));
    case TypeNumber::OBJECT_IDENTIFIER:
      return ReadBigEndian<uint32_t>(bytes);
    default:
      ThrowUnreadable(column, "an integer");
    }
  }

  double PostgreSQLRow::GetReal(size_t column) const
  {
    const std::string_view bytes = GetBytes(column);
    switch (GetType(column))
    {
    case TypeNumber::REAL:
      return std::bit_cast<float>(ReadBigEndian<uint32_t>(bytes));
    case TypeNumber::DOUBLE_PRECISION:
      return std::bit_cast<double>(ReadBigEndian<uint64_t>(bytes));
    case TypeNumber::SMALLINT:
    case TypeNumber::INTEGER:
    case TypeNumber::BIGINT:
      return static_cast<double>(GetInteger(column));
    default:
      ThrowUnreadable(column, "a real number");
    }
  }

  std::string PostgreSQLRow::GetText(size_t column) const
  {
    switch (GetType(column))
    {
    case TypeNumber::TEXT:
    case TypeNumber::VARCHAR:
    case TypeNumber::BLANK_PADDED:
    case TypeNumber::NAME:
    case TypeNumber::CHARACTER:
    case TypeNumber::JSON:
    case TypeNumber::UNKNOWN:
      return std::string(GetBytes(column));
    default:
      ThrowUnreadable(column, "text");
    }
  }

  std::string PostgreSQLRow::GetBinary(size_t column) const
  {
    if (GetType(column) != TypeNumber::BYTEA)
    {
      ThrowUnreadable(column, "bytes");
    }
    return std::string(GetBytes(column));
  }
}
