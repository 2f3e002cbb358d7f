// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/IFindDialect.h"

namespace OrthancRegistry
{
  // As variables of the transaction
  class PostgreSQLKeptIds : public IKeptIds
  {
  public:
    std::string Keep(ResourceLevel level, const std::string& query) const override;
    std::string Get(ResourceLevel level) const override;
  };

  class PostgreSQLFindDialect : public IFindDialect
  {
  public:
    std::string_view GetBytewiseCollation() const override;
    std::string_view GetWildcardOperator() const override;
    std::string TranslateWildcard(std::string_view wildcard) const override;
    std::optional<std::string> SelectPageOfAll(const SqlBuilder& sql,
                                               const PageLimits& limits) const override;
    std::optional<std::string> SelectPageByIdentifier(SqlBuilder& sql, const Ordering& key,
                                                      const PageLimits& limits) const override;
    void ReusePlans(Transaction& transaction) const override;

    const IKeptIds* GetKeptIds() const override
    {
      return &keptIds_;
    }

  private:
    PostgreSQLKeptIds keptIds_;
  };
}
