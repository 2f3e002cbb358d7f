// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/IFindDialect.h"

namespace OrthancRegistry
{
  // The planner walks along indexes by itself, and there is no server to save round trips to.
  class SQLiteFindDialect : public IFindDialect
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
      return nullptr;
    }
  };
}
