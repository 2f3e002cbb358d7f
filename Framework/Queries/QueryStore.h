// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Queries/Query.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <optional>

namespace OrthancRegistry
{
  // The handles of the whole cluster. Thread-safe.
  class QueryStore
  {
  public:
    // The references must outlive this object.
    QueryStore(const ReplicaIdentity& identity, IDatabase& database);

    // Visible everywhere when this returns. The id must be new.
    void Insert(const Query& query, const std::vector<Json::Value>& answers);

    // Nothing if there is no such handle (any more). Whoever reads a handle uses it: it is kept longer.
    std::optional<QueryWithAnswers> Read(const std::string& id, const AnswerRange& range);

    std::vector<std::string> GetIds();  // in their alphabetical order
    void Delete(const std::string& id); // no error if it is unknown

  private:
    void Touch(const std::string& id) noexcept;

    const ReplicaIdentity identity_;
    IDatabase& database_;
  };
}
