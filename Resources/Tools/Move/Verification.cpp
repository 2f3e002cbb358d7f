// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/Verification.h"

#include "Framework/Index/StatisticsQueries.h"

namespace OrthancRegistry::Move
{
  namespace
  {
    std::string GetExpression(const Column& column)
    {
      const std::string name = column.name;
      switch (column.type)
      {
      case CellType::OptionalInteger:
        return "COALESCE(" + name + ", 0)";
      case CellType::Text:
        return "COALESCE(" + name + ", '')";
      default:
        return name;
      }
    }

    // SELECT id, COALESCE(label, '') FROM Labels
    std::string MakeQuery(const CopyStep& step)
    {
      std::string expressions;
      for (const Column& column : step.columns)
      {
        expressions += (expressions.empty() ? "" : ", ") + GetExpression(column);
      }
      return "SELECT " + expressions + " FROM " + std::string(step.table) +
             (step.condition.empty() ? "" : " WHERE " + std::string(step.condition));
    }

    void AddCell(RowDigest& digest, const IRow& row, size_t position, const Column& column)
    {
      if (column.IsInteger())
      {
        digest.Add(row.GetInteger(position));
      }
      else if (column.IsBinary())
      {
        digest.Add(row.IsNull(position) ? std::string() : row.GetBinary(position));
      }
      else
      {
        digest.Add(row.GetText(position));
      }
    }

    Comparison CompareNumbers(const std::string& name, int64_t expected, int64_t found)
    {
      return {name, expected, {expected, 0}, {found, 0}};
    }
  }

  Comparison Compare(ITarget& target, const CopyStep& step, int64_t counted)
  {
    Comparison result;
    result.name = step.name;
    result.counted = counted;
    Transaction transaction(target.GetDatabase(), AccessMode::ReadOnly);
    result.expected = MoveProgress::Read(transaction, step.name).copied;
    transaction.QueryRows(MakeQuery(step), {},
                          [&](const IRow& row)
                          {
                            RowDigest digest;
                            for (size_t i = 0; i < step.columns.size(); i++)
                            {
                              AddCell(digest, row, i, step.columns[i]);
                            }
                            result.found.Add(digest);
                          });
    return result;
  }

  std::vector<Comparison> CompareStatistics(const SourceIndex& source, ITarget& target)
  {
    IndexTransaction transaction(target.GetDatabase(), target.GetDialect(), AccessMode::ReadOnly);
    const Statistics statistics = StatisticsQueries::GetAll(transaction);
    const auto count = [&](int level)
    {
      SourceStatement statement = source.Prepare("SELECT COUNT(*) FROM Resources WHERE resourceType = ?1");
      statement.Bind(1, static_cast<int64_t>(level));
      return statement.Step() ? statement.GetInteger(0) : 0;
    };
    return {CompareNumbers("Counter of patients", count(1), statistics.patients),
            CompareNumbers("Counter of studies", count(2), statistics.studies),
            CompareNumbers("Counter of series", count(3), statistics.series),
            CompareNumbers("Counter of instances", count(4), statistics.instances),
            CompareNumbers("Counter of stored bytes",
                           source.QueryInteger("SELECT SUM(compressedSize) FROM AttachedFiles"),
                           statistics.compressedSize),
            CompareNumbers("Counter of bytes",
                           source.QueryInteger("SELECT SUM(uncompressedSize) FROM AttachedFiles"),
                           statistics.uncompressedSize)};
  }
}
