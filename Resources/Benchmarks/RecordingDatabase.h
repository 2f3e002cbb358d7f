// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"

#include <string>
#include <utility>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  // Values of parameters that a script has in variables instead: the value, and what stands for it.
  using ScriptVariables = std::vector<std::pair<std::string, std::string>>;

  // A database that writes down the statements that go through it, as a script with the values in place. Used
  // by one thread.
  class RecordingDatabase : public IDatabase
  {
  public:
    explicit RecordingDatabase(IDatabase& database) : database_(database)
    {
    }

    Engine GetEngine() const override
    {
      return database_.GetEngine();
    }

    std::string_view GetBootstrapScript() const override
    {
      return database_.GetBootstrapScript();
    }

    SessionLease Acquire(AccessMode mode) override;

    // One statement per line, BEGIN and COMMIT among them, without semicolons
    std::vector<std::string> GetScript(const ScriptVariables& variables) const;

  private:
    class Session;

    struct Value
    {
      bool isText = false;
      std::string content;
      std::string type;
      bool isNull = false;
    };

    struct Statement
    {
      std::string sql;
      std::vector<Value> values;
    };

    static Value MakeValue(const Parameter& parameter);
    static std::string WriteValue(const Value& value, const ScriptVariables& variables);
    static std::string WriteStatement(const Statement& statement, const ScriptVariables& variables);

    IDatabase& database_;
    std::vector<Statement> statements_;
  };
}
