// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry
{
  // Creation of instances by the functions of PostgreSQL/Migrations/Index. Stateless, thread-safe.
  class PostgreSQLCreation : public ILateCreation
  {
  public:
    CreatedInstance CreateInstance(Transaction& transaction, const InstancePath& path, size_t count,
                                   std::vector<int64_t>& reserved) const override;
    void CreateInstanceLater(Transaction& transaction, const CreatedInstance& expected,
                             const std::string& instance) const override;
  };
}
