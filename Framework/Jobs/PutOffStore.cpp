// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/PutOffStore.h"

#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobMessages.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr RetryPolicy BACKGROUND_POLICY{2, 10, 100};
    constexpr int64_t BATCH_SIZE = 500; // as in the statement

    int64_t PromoteBatch(Transaction& transaction)
    {
      return transaction.ExecuteCounted(
          "WITH due AS (SELECT id FROM SharedJobs WHERE notBefore IS NOT NULL AND state <> 4"
          " AND notBefore <= SharedNow() ORDER BY notBefore LIMIT 500 FOR UPDATE SKIP LOCKED)"
          " UPDATE SharedJobs SET revision = revision + 1, state = 0, notBefore = NULL,"
          " changedAt = SharedNow() WHERE id IN (SELECT id FROM due LIMIT 500)");
    }
  }

  PutOffStore::PutOffStore(IDatabase& database, IMessageBus& bus) : database_(database), bus_(bus)
  {
  }

  std::optional<std::chrono::microseconds> PutOffStore::PromoteDue()
  {
    for (bool isMore = true; isMore;)
    {
      isMore = RunTransaction(
          database_, AccessMode::ReadWrite,
          [this](Transaction& transaction)
          {
            const int64_t promoted = PromoteBatch(transaction);
            if (promoted > 0)
            {
              bus_.Publish(transaction, MESSAGE_JOBS);
            }
            return promoted == BATCH_SIZE;
          },
          BACKGROUND_POLICY);
    }
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [](Transaction& transaction)
        {
          std::optional<std::chrono::microseconds> next;
          transaction.QueryEach<int64_t>(
              "SELECT notBefore - SharedNow() FROM SharedJobs WHERE notBefore IS NOT NULL AND state <> 4"
              " ORDER BY notBefore LIMIT 1",
              [&next](int64_t microseconds)
              {
                next = std::chrono::microseconds(microseconds);
              });
          return next;
        },
        BACKGROUND_POLICY);
  }
}
