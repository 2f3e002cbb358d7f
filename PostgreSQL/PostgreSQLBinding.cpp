// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLBinding.h"

#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLTypes.h"

#include <bit>
#include <limits>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_PARAMETERS = 65535;
    constexpr int BINARY_FORMAT = 1;

    Oid GetTypeNumber(ValueType type)
    {
      switch (type)
      {
      case ValueType::Integer:
        return TypeNumber::BIGINT;
      case ValueType::Real:
        return TypeNumber::DOUBLE_PRECISION;
      case ValueType::Text:
        return TypeNumber::TEXT;
      case ValueType::Binary:
        return TypeNumber::BYTEA;
      case ValueType::IntegerList:
        return TypeNumber::BIGINT_LIST;
      case ValueType::TextList:
        return TypeNumber::TEXT_LIST;
      }
      throw StatementError("A parameter has an unknown type");
    }

    void CheckText(std::string_view text)
    {
      if (text.find('\0') != std::string_view::npos)
      {
        throw StatementError("A text with a zero byte cannot be stored by PostgreSQL");
      }
    }

    // An array on the wire: dimensions, null flag, type, then size and lower bound of each dimension
    std::string EncodeListHeader(Oid elementType, size_t size)
    {
      std::string header;
      AppendBigEndian<uint32_t>(header, size == 0 ? 0 : 1);
      AppendBigEndian<uint32_t>(header, 0);
      AppendBigEndian<uint32_t>(header, elementType);
      if (size != 0)
      {
        AppendBigEndian<uint32_t>(header, static_cast<uint32_t>(size));
        AppendBigEndian<uint32_t>(header, 1);
      }
      return header;
    }

    std::string EncodeList(std::span<const int64_t> values)
    {
      std::string encoded = EncodeListHeader(TypeNumber::BIGINT, values.size());
      for (const int64_t value : values)
      {
        AppendBigEndian<uint32_t>(encoded, sizeof(value));
        AppendBigEndian(encoded, static_cast<uint64_t>(value));
      }
      return encoded;
    }

    std::string EncodeList(std::span<const std::string> values)
    {
      std::string encoded = EncodeListHeader(TypeNumber::TEXT, values.size());
      for (const std::string& value : values)
      {
        CheckText(value);
        AppendBigEndian<uint32_t>(encoded, static_cast<uint32_t>(value.size()));
        encoded += value;
      }
      return encoded;
    }
  }

  PostgreSQLBinding::PostgreSQLBinding(std::span<const Parameter> parameters)
  {
    if (parameters.size() > MAXIMUM_PARAMETERS)
    {
      throw StatementError("A statement has too many parameters");
    }
    for (const Parameter& parameter : parameters)
    {
      Add(parameter);
    }
  }

  void PostgreSQLBinding::AddBytes(std::string_view bytes)
  {
    if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    {
      throw StatementError("A value of more than 2 GiB cannot be bound");
    }
    // A null pointer would mean NULL.
    values_.push_back(bytes.data() == nullptr ? "" : bytes.data());
    lengths_.push_back(static_cast<int>(bytes.size()));
    size_ += bytes.size();
  }

  void PostgreSQLBinding::Add(const Parameter& parameter)
  {
    types_.push_back(GetTypeNumber(parameter.GetType()));
    formats_.push_back(BINARY_FORMAT);
    signature_.push_back(static_cast<char>('a' + static_cast<int>(parameter.GetType())));
    if (parameter.IsNull())
    {
      values_.push_back(nullptr);
      lengths_.push_back(0);
      return;
    }

    switch (parameter.GetType())
    {
    case ValueType::Text:
      CheckText(parameter.GetBytes());
      AddBytes(parameter.GetBytes());
      return;
    case ValueType::Binary:
      AddBytes(parameter.GetBytes());
      return;
    case ValueType::Integer:
      AppendBigEndian(encoded_.emplace_back(), static_cast<uint64_t>(parameter.GetInteger()));
      break;
    case ValueType::Real:
      AppendBigEndian(encoded_.emplace_back(), std::bit_cast<uint64_t>(parameter.GetReal()));
      break;
    case ValueType::IntegerList:
      encoded_.push_back(EncodeList(parameter.GetIntegerList()));
      break;
    case ValueType::TextList:
      encoded_.push_back(EncodeList(parameter.GetTextList()));
      break;
    }
    AddBytes(encoded_.back());
  }
}
