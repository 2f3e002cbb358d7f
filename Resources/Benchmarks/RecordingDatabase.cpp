// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Benchmarks/RecordingDatabase.h"

#include <cctype>
#include <stdexcept>

namespace OrthancRegistry::Benchmarks
{
  namespace
  {
    std::string Quote(std::string_view text)
    {
      std::string quoted = "'";
      for (const char c : text)
      {
        quoted += c == '\'' ? "''" : std::string(1, c);
      }
      return quoted + "'";
    }

    std::string ToHexadecimal(std::string_view bytes)
    {
      constexpr std::string_view DIGITS = "0123456789abcdef";
      std::string text = "\\x";
      for (const char c : bytes)
      {
        const auto byte = static_cast<unsigned char>(c);
        text += DIGITS[byte >> 4];
        text += DIGITS[byte & 15];
      }
      return text;
    }
  }

  class RecordingDatabase::Session : public ISession
  {
  public:
    Session(RecordingDatabase& database, SessionLease lease) : database_(database), lease_(std::move(lease))
    {
    }

    void Begin(AccessMode mode) override
    {
      database_.statements_.push_back({"BEGIN", {}});
      GetTarget().Begin(mode);
    }

    void Commit() override
    {
      database_.statements_.push_back({"COMMIT", {}});
      GetTarget().Commit();
    }

    void Rollback() noexcept override
    {
      GetTarget().Rollback();
    }

    void Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                 DoneHandler onDone) override
    {
      Statement& statement = database_.statements_.emplace_back();
      statement.sql = sql;
      for (const Parameter& parameter : parameters)
      {
        statement.values.push_back(MakeValue(parameter));
      }
      GetTarget().Enqueue(sql, parameters, std::move(onRow), std::move(onDone));
    }

    void Flush() override
    {
      GetTarget().Flush();
    }

    void ExecuteScript(std::string_view sql) override
    {
      GetTarget().ExecuteScript(sql);
    }

    bool IsUsable() const override
    {
      return GetTarget().IsUsable();
    }

    const SessionStatistics& GetStatistics() const override
    {
      return GetTarget().GetStatistics();
    }

  private:
    ISession& GetTarget() const
    {
      return lease_.GetSession();
    }

    RecordingDatabase& database_;
    SessionLease lease_;
  };

  SessionLease RecordingDatabase::Acquire(AccessMode mode)
  {
    return {std::make_unique<Session>(*this, database_.Acquire(mode)), [](std::unique_ptr<ISession>) {}};
  }

  RecordingDatabase::Value RecordingDatabase::MakeValue(const Parameter& parameter)
  {
    Value value;
    value.isNull = parameter.IsNull();
    switch (parameter.GetType())
    {
    case ValueType::Integer:
      value.type = "bigint";
      value.content = value.isNull ? "" : std::to_string(parameter.GetInteger());
      return value;
    case ValueType::Text:
      value.isText = true;
      value.type = "text";
      value.content = value.isNull ? "" : parameter.GetBytes();
      return value;
    case ValueType::Binary:
      value.type = "bytea";
      value.content = value.isNull ? "" : Quote(ToHexadecimal(parameter.GetBytes()));
      return value;
    default:
      throw std::logic_error("A parameter of a type that scripts do not know");
    }
  }

  std::string RecordingDatabase::WriteValue(const Value& value, const ScriptVariables& variables)
  {
    if (value.isNull)
    {
      return "CAST(NULL AS " + value.type + ")";
    }
    for (const auto& [content, variable] : variables)
    {
      if (value.content == content)
      {
        return "CAST(" + variable + " AS " + value.type + ")";
      }
    }
    if (!value.isText)
    {
      return "CAST(" + value.content + " AS " + value.type + ")";
    }
    // A text that contains such values
    std::string expression;
    std::string_view rest = value.content;
    while (!rest.empty())
    {
      size_t begin = rest.size();
      size_t size = 0;
      std::string variable;
      for (const auto& [content, name] : variables)
      {
        const size_t found = rest.find(content);
        if (content.size() > 8 && found < begin)
        {
          begin = found;
          size = content.size();
          variable = name;
        }
      }
      expression += (expression.empty() ? "" : " || ") + Quote(rest.substr(0, begin));
      expression += variable.empty() ? "" : " || CAST(" + variable + " AS text)";
      rest.remove_prefix(begin + size);
    }
    return expression.empty() ? "''" : "(" + expression + ")";
  }

  std::string RecordingDatabase::WriteStatement(const Statement& statement, const ScriptVariables& variables)
  {
    std::string text;
    const std::string& sql = statement.sql;
    for (size_t i = 0; i < sql.size(); i++)
    {
      if (sql[i] != '$' || i + 1 == sql.size() || !std::isdigit(static_cast<unsigned char>(sql[i + 1])))
      {
        text += sql[i] == '\n' ? ' ' : sql[i];
        continue;
      }
      size_t number = 0;
      while (i + 1 < sql.size() && std::isdigit(static_cast<unsigned char>(sql[i + 1])))
      {
        number = 10 * number + static_cast<size_t>(sql[++i] - '0');
      }
      text += WriteValue(statement.values.at(number - 1), variables);
    }
    return text;
  }

  std::vector<std::string> RecordingDatabase::GetScript(const ScriptVariables& variables) const
  {
    std::vector<std::string> script;
    for (const Statement& statement : statements_)
    {
      script.push_back(WriteStatement(statement, variables));
    }
    return script;
  }
}
