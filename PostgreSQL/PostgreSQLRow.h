// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"

#include <libpq-fe.h>

#include <string_view>

namespace OrthancRegistry
{
  // One row of a result in the binary format, read by the types that the result declares.
  class PostgreSQLRow : public IRow
  {
  public:
    PostgreSQLRow(const PGresult* result, int row) : result_(result), row_(row)
    {
    }

    size_t GetColumnCount() const override;
    bool IsNull(size_t column) const override;
    int64_t GetInteger(size_t column) const override;
    double GetReal(size_t column) const override;
    std::string GetText(size_t column) const override;
    std::string GetBinary(size_t column) const override;

  private:
    Oid GetType(size_t column) const;
    std::string_view GetBytes(size_t column) const;
    [[noreturn]] void ThrowUnreadable(size_t column, const char* wanted) const;

    const PGresult* result_;
    int row_;
  };
}
