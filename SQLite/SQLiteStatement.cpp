// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteStatement.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Database/DatabaseErrors.h"
#include "SQLite/SQLiteErrors.h"
#include "SQLite/SQLiteTranslator.h"

#include <cmath>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    // A null pointer would be bound as NULL
    const char* GetData(std::string_view bytes)
    {
      return bytes.data() == nullptr ? "" : bytes.data();
    }

    void CheckText(std::string_view text)
    {
      if (!IsStorableText(text))
      {
        throw StatementError("SQLite: a text is not valid UTF-8, or holds a zero byte");
      }
    }

    std::string WriteIntegers(std::span<const int64_t> values)
    {
      std::string text = "[";
      for (const int64_t value : values)
      {
        text += text.size() == 1 ? "" : ",";
        text += std::to_string(value);
      }
      return text + "]";
    }

    std::string WriteList(const Parameter& parameter)
    {
      if (parameter.GetType() == ValueType::IntegerList)
      {
        return WriteIntegers(parameter.GetIntegerList());
      }
      Json::Value list(Json::arrayValue);
      for (const std::string& value : parameter.GetTextList())
      {
        CheckText(value);
        list.append(value);
      }
      return WriteJson(list);
    }

    bool IsBlank(std::string_view tail)
    {
      return tail.find_first_not_of(" \t\r\n;") == std::string_view::npos;
    }
  }

  Statement::Statement(Connection& connection, std::string_view sql, SingleValues singles)
      : connection_(connection), singles_(singles)
  {
    const std::string translated = Translate(sql, singles);
    sqlite3_stmt* handle = nullptr;
    const char* tail = nullptr;
    const int code =
        sqlite3_prepare_v3(connection.Get(), translated.c_str(), static_cast<int>(translated.size() + 1),
                           SQLITE_PREPARE_PERSISTENT, &handle, &tail);
    handle_.reset(handle);
    connection.Check(code);
    if (handle == nullptr || !IsBlank(tail))
    {
      throw StatementError("SQLite: exactly one statement is expected");
    }
  }

  SingleValues Statement::FindSingleValues(std::span<const Parameter> parameters)
  {
    SingleValues singles;
    for (size_t i = 0; i < std::min(parameters.size(), singles.size()); i++)
    {
      const Parameter& parameter = parameters[i];
      if (!parameter.IsNull())
      {
        singles[i] =
            (parameter.GetType() == ValueType::IntegerList && parameter.GetIntegerList().size() == 1) ||
            (parameter.GetType() == ValueType::TextList && parameter.GetTextList().size() == 1);
      }
    }
    return singles;
  }

  void Statement::Bind(std::span<const Parameter> parameters)
  {
    const auto count = static_cast<size_t>(sqlite3_bind_parameter_count(handle_.get()));
    if (parameters.size() < count)
    {
      throw StatementError("SQLite: the statement has " + std::to_string(count) + " parameters, but only " +
                           std::to_string(parameters.size()) + " are bound");
    }
    lists_.reserve(count); // the strings must not move
    for (size_t i = 0; i < count; i++)
    {
      const int index = static_cast<int>(i) + 1;
      if (i < singles_.size() && singles_.test(i))
      {
        BindSingle(index, parameters[i]);
      }
      else
      {
        BindOne(index, parameters[i]);
      }
    }
  }

  void Statement::BindOne(int index, const Parameter& parameter)
  {
    if (parameter.IsNull())
    {
      connection_.Check(sqlite3_bind_null(handle_.get(), index));
      return;
    }
    switch (parameter.GetType())
    {
    case ValueType::Integer:
      connection_.Check(sqlite3_bind_int64(handle_.get(), index, parameter.GetInteger()));
      break;
    case ValueType::Real:
      if (std::isnan(parameter.GetReal()))
      {
        throw StatementError("SQLite: a number is not a number, which SQLite would store as NULL");
      }
      connection_.Check(sqlite3_bind_double(handle_.get(), index, parameter.GetReal()));
      break;
    case ValueType::Text:
      CheckText(parameter.GetBytes());
      BindText(index, parameter.GetBytes());
      break;
    case ValueType::Binary:
      connection_.Check(sqlite3_bind_blob64(handle_.get(), index, GetData(parameter.GetBytes()),
                                            parameter.GetBytes().size(), SQLITE_STATIC));
      break;
    case ValueType::IntegerList:
    case ValueType::TextList:
      lists_.push_back(WriteList(parameter));
      BindText(index, lists_.back());
      break;
    }
  }

  void Statement::BindSingle(int index, const Parameter& list)
  {
    if (list.GetType() == ValueType::IntegerList)
    {
      connection_.Check(sqlite3_bind_int64(handle_.get(), index, list.GetIntegerList().front()));
      return;
    }
    const std::string& text = list.GetTextList().front();
    CheckText(text);
    BindText(index, text);
  }

  void Statement::BindText(int index, std::string_view text)
  {
    connection_.Check(
        sqlite3_bind_text64(handle_.get(), index, GetData(text), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }

  bool Statement::Step()
  {
    const int code = sqlite3_step(handle_.get());
    connection_.Check(code);
    return code == SQLITE_ROW;
  }

  void Statement::Reset() noexcept
  {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    lists_.clear();
  }

  Row::Row(const Statement& statement) : statement_(statement.Get())
  {
  }

  size_t Row::GetColumnCount() const
  {
    return static_cast<size_t>(sqlite3_column_count(statement_));
  }

  bool Row::IsNull(size_t column) const
  {
    return sqlite3_column_type(statement_, static_cast<int>(column)) == SQLITE_NULL;
  }

  int Row::CheckType(size_t column, int expected) const
  {
    const int index = static_cast<int>(column);
    if (column >= GetColumnCount() || sqlite3_column_type(statement_, index) != expected)
    {
      throw StatementError("SQLite: column " + std::to_string(column) + " of a result has another type");
    }
    return index;
  }

  int64_t Row::GetInteger(size_t column) const
  {
    return sqlite3_column_int64(statement_, CheckType(column, SQLITE_INTEGER));
  }

  double Row::GetReal(size_t column) const
  {
    return sqlite3_column_double(statement_, CheckType(column, SQLITE_FLOAT));
  }

  std::string Row::GetText(size_t column) const
  {
    const int index = CheckType(column, SQLITE_TEXT);
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, index));
    return text == nullptr ? std::string()
                           : std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, index)));
  }

  std::string Row::GetBinary(size_t column) const
  {
    const int index = CheckType(column, SQLITE_BLOB);
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_, index));
    return bytes == nullptr
               ? std::string()
               : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, index)));
  }
}
