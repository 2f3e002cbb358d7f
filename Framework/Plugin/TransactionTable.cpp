// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/TransactionTable.h"

#include "Framework/Common/Errors.h"

namespace OrthancRegistry
{
  int64_t TransactionTable::Add(std::unique_ptr<IndexTransaction> transaction)
  {
    const std::lock_guard lock(mutex_);
    last_++;
    transactions_.emplace(last_, std::move(transaction));
    return last_;
  }

  IndexTransaction& TransactionTable::Get(int64_t number)
  {
    const std::lock_guard lock(mutex_);
    const auto found = transactions_.find(number);
    if (found == transactions_.end())
    {
      throw RegistryError(ErrorCode::BadSequenceOfCalls, "There is no transaction of this number");
    }
    return *found->second;
  }

  void TransactionTable::Remove(int64_t number)
  {
    std::unique_ptr<IndexTransaction> ended; // destroyed after the lock: rolling back may take time
    const std::lock_guard lock(mutex_);
    const auto found = transactions_.find(number);
    if (found != transactions_.end())
    {
      ended = std::move(found->second);
      transactions_.erase(found);
    }
  }
}
