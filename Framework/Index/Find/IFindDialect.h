// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Index/Find/FindRequest.h"
#include "Framework/Index/Find/SqlBuilder.h"

#include <optional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // Lists of ids, one per level, that the server keeps until the transaction ends: statements that use what
  // an earlier one has found can travel with it.
  class IKeptIds
  {
  public:
    virtual ~IKeptIds() = default;

    // A condition, always true, that keeps what a query answers.
    virtual std::string Keep(ResourceLevel level, const std::string& query) const = 0;

    // An array
    virtual std::string Get(ResourceLevel level) const = 0;
  };

  struct PageLimits
  {
    int64_t since = 0;
    int64_t count = 0;
    std::string countParameter;
    std::string text; // " LIMIT ... OFFSET ..."
  };

  // The texts of a search that only one engine understands, or needs. Stateless, thread-safe.
  class IFindDialect
  {
  public:
    virtual ~IFindDialect() = default;

    // To be appended to a text that is compared or ordered byte by byte
    virtual std::string_view GetBytewiseCollation() const = 0;

    // The operator that matches a text with a pattern, and its pattern for one where '*' is any run of
    // characters, '?' any character, and everything else is literal.
    virtual std::string_view GetWildcardOperator() const = 0;
    virtual std::string TranslateWildcard(std::string_view wildcard) const = 0;

    // Better statements for the internal and the public ids of a page of all resources of a level, by their
    // public ids, or by one of their identifiers (those without it come last). "sql" has the plain statement.
    virtual std::optional<std::string> SelectPageOfAll(const SqlBuilder& sql,
                                                       const PageLimits& limits) const = 0;
    virtual std::optional<std::string> SelectPageByIdentifier(SqlBuilder& sql, const Ordering& key,
                                                              const PageLimits& limits) const = 0;

    // Has the server plan the statements of this round trip once, whatever their values are.
    virtual void ReusePlans(Transaction& transaction) const = 0;

    // Null where nothing is gained by it
    virtual const IKeptIds* GetKeptIds() const = 0;
  };
}
