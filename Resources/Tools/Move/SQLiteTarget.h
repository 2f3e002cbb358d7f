// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/ITarget.h"
#include "SQLite/SQLiteIndexDialect.h"

#include <map>

namespace OrthancRegistry::Move
{
  class SQLiteTarget : public ITarget
  {
  public:
    explicit SQLiteTarget(IDatabase& database) : database_(database)
    {
    }

    IDatabase& GetDatabase() override
    {
      return database_;
    }

    const IIndexDialect& GetDialect() const override
    {
      return dialect_;
    }

    std::vector<std::string_view> GetComponents() const override;
    std::span<const Migration> GetMigrations(std::string_view component) const override;
    bool HasTable(Transaction& transaction, const std::string& table) const override;
    void Insert(Transaction& transaction, const CopyStep& step, const Batch& batch) override;
    void SetSequence(Transaction& transaction, std::string_view sequence, int64_t last) override;
    void Prepare(Transaction& transaction) override;
    bool CompleteNext(Transaction& transaction) override;

  private:
    const std::string& GetStatement(const CopyStep& step);

    IDatabase& database_;
    SQLiteIndexDialect dialect_;
    std::map<std::string_view, std::string> statements_; // by the name of the step
  };
}
