// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Index/IndexTypes.h"

#include <array>
#include <chrono>
#include <functional>

namespace OrthancRegistry
{
  struct UnstableResource
  {
    int64_t id = 0;
    ResourceLevel level = ResourceLevel::Patient;
    std::string publicId;
  };

  // Patient, study and series of an instance, by increasing id
  using UnstableParents = std::array<UnstableResource, 3>;

  // The table SharedUnstable. Whoever writes to several rows does so by increasing id.
  namespace UnstableTable
  {
    struct Row
    {
      UnstableResource resource;
      std::chrono::microseconds quiet; // time since the last instance
    };

    // The parents have just received an instance. Only queued on PostgreSQL.
    void Record(Transaction& transaction, const UnstableParents& parents);

    // These have received an instance that long ago. Answers those that were not in the table, which are put
    // there.
    std::vector<UnstableResource> Touch(Transaction& transaction,
                                        const std::vector<UnstableResource>& resources,
                                        std::chrono::microseconds elapsed);

    // Takes resources that have been quiet for that long and exist, those that have waited the longest first.
    // Nobody else gets them for some seconds. Those that do not exist any more are removed.
    std::vector<UnstableResource> Claim(Transaction& transaction, std::chrono::microseconds quiet,
                                        size_t limit);

    // Those that have received an instance within that time. The handler is called later, with the next
    // statement of the transaction that is waited for.
    void ReadRecentLater(Transaction& transaction, std::chrono::microseconds age,
                         std::function<void(UnstableResource resource)> handler);

    // A resource that has received an instance a moment ago, if there is one: to be asked by the heartbeat.
    // Older ones must have been seen before, and those that are not there any more stay in the index until
    // the table has been vacuumed.
    std::string_view GetQuestion();

    std::vector<Row> ReadAll(Transaction& transaction);
    std::vector<Row> Read(Transaction& transaction, const std::vector<int64_t>& ids);

    // The row of one resource, locked until the end of the transaction
    std::optional<Row> Lock(Transaction& transaction, int64_t id);

    void Remove(Transaction& transaction, int64_t id);
  }
}
