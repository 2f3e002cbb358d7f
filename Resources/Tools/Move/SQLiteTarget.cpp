// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/SQLiteTarget.h"

#include "SQLite/EmbeddedMigrations.h"

namespace OrthancRegistry::Move
{
  namespace
  {
    // INSERT INTO Labels (id, label) VALUES ($1, $2)
    std::string MakeStatement(const CopyStep& step)
    {
      std::string names;
      std::string parameters;
      for (size_t i = 0; i < step.columns.size(); i++)
      {
        const std::string comma = i == 0 ? "" : ", ";
        names += comma + step.columns[i].name;
        parameters += comma + "$" + std::to_string(i + 1);
      }
      return "INSERT INTO " + std::string(step.table) + " (" + names + ") VALUES (" + parameters + ")";
    }

    Parameter BindCell(const Column& column, const Batch& batch, size_t index, size_t row)
    {
      if (column.IsInteger())
      {
        const int64_t value = batch.GetIntegers(index)[row];
        return column.type == CellType::OptionalInteger && value == 0
                   ? Parameter(ValueType::Integer, std::monostate())
                   : Parameter(ValueType::Integer, value);
      }
      const std::string& value = batch.GetTexts(index)[row];
      if (column.type == CellType::OptionalBinary && value.empty())
      {
        return {ValueType::Binary, std::monostate()};
      }
      return {column.IsBinary() ? ValueType::Binary : ValueType::Text, std::string_view(value)};
    }
  }

  std::vector<std::string_view> SQLiteTarget::GetComponents() const
  {
    return {"Index", "Messages", "Jobs", "Calls", "Directory", "Queries", "Stability"};
  }

  std::span<const Migration> SQLiteTarget::GetMigrations(std::string_view component) const
  {
    return SQLite::GetMigrations(component);
  }

  bool SQLiteTarget::HasTable(Transaction& transaction, const std::string& table) const
  {
    return transaction.QueryValue<bool>(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' "
        "AND lower(name) = lower($1)) THEN 1 ELSE 0 END",
        table);
  }

  const std::string& SQLiteTarget::GetStatement(const CopyStep& step)
  {
    std::string& statement = statements_[step.name];
    if (statement.empty())
    {
      statement = MakeStatement(step);
    }
    return statement;
  }

  void SQLiteTarget::Insert(Transaction& transaction, const CopyStep& step, const Batch& batch)
  {
    const std::string& statement = GetStatement(step);
    std::vector<Parameter> parameters;
    for (size_t row = 0; row < batch.GetRows(); row++)
    {
      parameters.clear();
      for (size_t i = 0; i < step.columns.size(); i++)
      {
        parameters.push_back(BindCell(step.columns[i], batch, i, row));
      }
      transaction.QueryRows(statement, parameters, {});
    }
  }

  // The order of recycling needs none: the next number is the highest one plus one.
  void SQLiteTarget::SetSequence(Transaction& transaction, std::string_view sequence, int64_t last)
  {
    if (sequence == "PatientRecyclingOrder" || last == 0)
    {
      return;
    }
    transaction.Execute("DELETE FROM sqlite_sequence WHERE name = $1", sequence);
    transaction.Execute("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", sequence, last);
  }

  // Of this connection only: room for the indexes whose order is not that of the rows, and for pages that are
  // written several times
  void SQLiteTarget::Prepare(Transaction& transaction)
  {
    transaction.ExecuteScript("PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 32768");
  }

  bool SQLiteTarget::CompleteNext(Transaction& /*transaction*/)
  {
    return false;
  }
}
