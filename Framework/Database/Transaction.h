// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Database/IDatabase.h"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace OrthancRegistry
{
  // Reads one column as a C++ type. NULL is a StatementError, but for std::optional.
  template <typename T>
  struct ColumnReader
  {
    static T Read(const IRow& row, size_t column)
    {
      if (row.IsNull(column))
      {
        throw StatementError("Column " + std::to_string(column) + " of a result is NULL");
      }
      if constexpr (std::is_same_v<T, bool>)
      {
        return row.GetInteger(column) != 0;
      }
      else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
      {
        return Narrow(row.GetInteger(column), column);
      }
      else if constexpr (std::is_same_v<T, double>)
      {
        return row.GetReal(column);
      }
      else if constexpr (std::is_same_v<T, std::string>)
      {
        return row.GetText(column);
      }
      else
      {
        static_assert(std::is_same_v<T, Binary>, "No column can be read as this type");
        return Binary{row.GetBinary(column)};
      }
    }

  private:
    static T Narrow(int64_t value, size_t column)
    {
      if constexpr (std::is_integral_v<T>)
      {
        if (!std::in_range<T>(value))
        {
          throw StatementError("Column " + std::to_string(column) + " of a result is out of range");
        }
      }
      return static_cast<T>(value);
    }
  };

  template <typename T>
  struct ColumnReader<std::optional<T>>
  {
    static std::optional<T> Read(const IRow& row, size_t column)
    {
      return row.IsNull(column) ? std::nullopt : std::optional<T>(ColumnReader<T>::Read(row, column));
    }
  };

  // One transaction, and the only way to run statements. The destructor rolls back what was not committed.
  // Used by one thread at a time. Errors: see DatabaseErrors.h; after one, only Rollback() and the destructor
  // are allowed, everything else is a UsageError.
  //
  // On PostgreSQL, Execute() and QueryLater() do not wait: their statements travel with the next call that
  // needs an answer, and so do their errors. Every value is bound, never spliced into the text.
  class Transaction
  {
  public:
    Transaction(IDatabase& database, AccessMode mode);
    ~Transaction();

    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    template <typename... Arguments>
    void Execute(std::string_view sql, const Arguments&... arguments)
    {
      Enqueue(sql, {}, {}, Bind(arguments)...);
    }

    // Answers how many rows were inserted, updated or deleted.
    template <typename... Arguments>
    int64_t ExecuteCounted(std::string_view sql, const Arguments&... arguments)
    {
      int64_t affected = 0;
      Enqueue(
          sql, {},
          [&affected](int64_t count)
          {
            affected = count;
          },
          Bind(arguments)...);
      Flush();
      return affected;
    }

    template <typename... Columns, typename... Arguments>
    std::vector<std::tuple<Columns...>> Query(std::string_view sql, const Arguments&... arguments)
    {
      std::vector<std::tuple<Columns...>> rows;
      QueryEach<Columns...>(
          sql,
          [&rows](Columns... columns)
          {
            rows.emplace_back(std::move(columns)...);
          },
          arguments...);
      return rows;
    }

    // At most one row; more are a StatementError.
    template <typename... Columns, typename... Arguments>
    std::optional<std::tuple<Columns...>> QueryOptional(std::string_view sql, const Arguments&... arguments)
    {
      auto rows = Query<Columns...>(sql, arguments...);
      if (rows.size() > 1)
      {
        throw StatementError("More than one row where one was expected");
      }
      return rows.empty() ? std::nullopt : std::make_optional(std::move(rows.front()));
    }

    // Exactly one row with one column
    template <typename Column, typename... Arguments>
    Column QueryValue(std::string_view sql, const Arguments&... arguments)
    {
      auto row = QueryOptional<Column>(sql, arguments...);
      if (!row)
      {
        throw StatementError("No row where one was expected");
      }
      return std::get<0>(std::move(*row));
    }

    // Calls handler(Columns...) for each row as it arrives, without holding them all.
    template <typename... Columns, typename Handler, typename... Arguments>
    void QueryEach(std::string_view sql, Handler handler, const Arguments&... arguments)
    {
      QueryLater<Columns...>(sql, std::move(handler), arguments...);
      Flush();
    }

    // Like QueryEach, but put off until the next Flush(), so that many queries cost one round trip.
    template <typename... Columns, typename Handler, typename... Arguments>
    void QueryLater(std::string_view sql, Handler handler, const Arguments&... arguments)
    {
      Enqueue(
          sql,
          [handler = std::move(handler)](const IRow& row) mutable
          {
            CallWithColumns<Columns...>(row, handler, std::index_sequence_for<Columns...>());
          },
          {}, Bind(arguments)...);
    }

    // For statements whose number of parameters is known at run time only (the Find compiler).
    void QueryRows(std::string_view sql, std::span<const Parameter> parameters, ISession::RowHandler onRow);
    void QueryRowsLater(std::string_view sql, std::span<const Parameter> parameters,
                        ISession::RowHandler onRow);

    void Flush();
    void Commit();
    void Rollback();

    // Several statements without parameters: migrations
    void ExecuteScript(std::string_view sql);

    AccessMode GetMode() const
    {
      return mode_;
    }

    const SessionStatistics& GetStatistics() const
    {
      return lease_.GetSession().GetStatistics();
    }

    // For the engines' own extensions (large objects)
    ISession& GetSession()
    {
      return lease_.GetSession();
    }

  private:
    enum class State
    {
      Active,
      Failed,
      Ended
    };

    template <typename... Columns, typename Handler, size_t... Indexes>
    static void CallWithColumns(const IRow& row, Handler& handler, std::index_sequence<Indexes...>)
    {
      if (row.GetColumnCount() != sizeof...(Columns))
      {
        throw StatementError("A result has " + std::to_string(row.GetColumnCount()) + " columns instead of " +
                             std::to_string(sizeof...(Columns)));
      }
      handler(ColumnReader<Columns>::Read(row, Indexes)...);
    }

    template <typename... Parameters>
    void Enqueue(std::string_view sql, ISession::RowHandler onRow, ISession::DoneHandler onDone,
                 const Parameters&... parameters)
    {
      const std::array<Parameter, sizeof...(Parameters)> bound = {parameters...};
      EnqueueBound(sql, bound, std::move(onRow), std::move(onDone));
    }

    void EnqueueBound(std::string_view sql, std::span<const Parameter> parameters, ISession::RowHandler onRow,
                      ISession::DoneHandler onDone);

    template <typename Action>
    void Guard(Action action);

    AccessMode mode_;
    SessionLease lease_;
    State state_ = State::Active;
  };
}
