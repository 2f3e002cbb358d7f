// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace OrthancRegistry
{
  // Bytes, as opposed to text: BYTEA on PostgreSQL, BLOB on SQLite.
  struct Binary
  {
    std::string bytes;

    bool operator==(const Binary&) const = default;
  };

  enum class ValueType
  {
    Integer,     // BIGINT
    Real,        // DOUBLE PRECISION
    Text,        // TEXT, UTF-8 without zero bytes
    Binary,      // BYTEA
    IntegerList, // BIGINT[], for "= ANY($1)" only
    TextList     // TEXT[], for "= ANY($1)" only
  };

  // A bound parameter: a type, and a value or NULL. It does not own what it points to: it lives as long as
  // the full expression of the call it is made for, and the engines have copied or used it when that call
  // returns.
  class Parameter
  {
  public:
    using Content = std::variant<std::monostate, int64_t, double, std::string_view, std::span<const int64_t>,
                                 std::span<const std::string>>;

    Parameter(ValueType type, Content content) : type_(type), content_(content)
    {
    }

    ValueType GetType() const
    {
      return type_;
    }

    bool IsNull() const
    {
      return std::holds_alternative<std::monostate>(content_);
    }

    int64_t GetInteger() const
    {
      return std::get<int64_t>(content_);
    }

    double GetReal() const
    {
      return std::get<double>(content_);
    }

    // Of ValueType::Text and ValueType::Binary
    std::string_view GetBytes() const
    {
      return std::get<std::string_view>(content_);
    }

    std::span<const int64_t> GetIntegerList() const
    {
      return std::get<std::span<const int64_t>>(content_);
    }

    std::span<const std::string> GetTextList() const
    {
      return std::get<std::span<const std::string>>(content_);
    }

  private:
    ValueType type_;
    Content content_;
  };

  // How C++ types are bound. Enumerations and booleans are integers, std::optional is NULL or its value.
  template <std::integral T>
  Parameter Bind(const T& value)
  {
    return Parameter(ValueType::Integer, static_cast<int64_t>(value));
  }

  template <typename T>
    requires std::is_enum_v<T>
  Parameter Bind(const T& value)
  {
    return Parameter(ValueType::Integer, static_cast<int64_t>(value));
  }

  inline Parameter Bind(const double& value)
  {
    return Parameter(ValueType::Real, value);
  }

  inline Parameter Bind(std::string_view value)
  {
    return Parameter(ValueType::Text, value);
  }

  inline Parameter Bind(const std::string& value)
  {
    return Parameter(ValueType::Text, std::string_view(value));
  }

  inline Parameter Bind(const char* value)
  {
    return Parameter(ValueType::Text, std::string_view(value));
  }

  inline Parameter Bind(const Binary& value)
  {
    return Parameter(ValueType::Binary, std::string_view(value.bytes));
  }

  inline Parameter Bind(const std::vector<int64_t>& values)
  {
    return Parameter(ValueType::IntegerList, std::span<const int64_t>(values));
  }

  inline Parameter Bind(const std::vector<std::string>& values)
  {
    return Parameter(ValueType::TextList, std::span<const std::string>(values));
  }

  inline Parameter Bind(const Parameter& parameter)
  {
    return parameter;
  }

  template <typename T>
  Parameter Bind(const std::optional<T>& value)
  {
    if (value.has_value())
    {
      return Bind(*value);
    }
    return Parameter(Bind(T()).GetType(), std::monostate());
  }

  // One row of a result, valid only inside the handler that receives it.
  class IRow
  {
  public:
    virtual ~IRow() = default;

    virtual size_t GetColumnCount() const = 0;
    virtual bool IsNull(size_t column) const = 0;

    // Precondition of all: the column is not NULL. A value that cannot be read as that type is a
    // StatementError.
    virtual int64_t GetInteger(size_t column) const = 0;
    virtual double GetReal(size_t column) const = 0;
    virtual std::string GetText(size_t column) const = 0;
    virtual std::string GetBinary(size_t column) const = 0;
  };
}
