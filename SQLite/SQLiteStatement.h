// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"
#include "SQLite/SQLiteConnection.h"
#include "SQLite/SQLiteTranslator.h"

#include <memory>
#include <vector>

namespace OrthancRegistry::SQLite
{
  // A prepared statement of one connection. Used by the thread that uses the connection.
  class Statement
  {
  public:
    // "sql" is in the common subset, see SQLiteTranslator.h. Throws StatementError if it is wrong, or more
    // than one statement.
    Statement(Connection& connection, std::string_view sql, SingleValues singles = {});

    static SingleValues FindSingleValues(std::span<const Parameter> parameters);

    // Binds all parameters, whose single values are those the statement was made for. Texts and binaries are
    // not copied: they have to live until Reset().
    void Bind(std::span<const Parameter> parameters);

    // Answers false at the end of the rows.
    bool Step();

    // Forgets rows and parameters, for the next use.
    void Reset() noexcept;

    sqlite3_stmt* Get() const
    {
      return handle_.get();
    }

  private:
    struct Finalizer
    {
      void operator()(sqlite3_stmt* handle) const
      {
        sqlite3_finalize(handle);
      }
    };

    void BindOne(int index, const Parameter& parameter);
    void BindSingle(int index, const Parameter& list);
    void BindText(int index, std::string_view text);

    Connection& connection_;
    const SingleValues singles_;
    std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
    std::vector<std::string> lists_; // bound lists, as JSON
  };

  // The current row of a statement. A value is only read as the type it has, as on PostgreSQL.
  class Row : public IRow
  {
  public:
    explicit Row(const Statement& statement);

    size_t GetColumnCount() const override;
    bool IsNull(size_t column) const override;
    int64_t GetInteger(size_t column) const override;
    double GetReal(size_t column) const override;
    std::string GetText(size_t column) const override;
    std::string GetBinary(size_t column) const override;

  private:
    int CheckType(size_t column, int expected) const;

    sqlite3_stmt* statement_;
  };
}
