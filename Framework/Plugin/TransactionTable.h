// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

#include <memory>
#include <mutex>
#include <unordered_map>

namespace OrthancRegistry
{
  // The open transactions of the core, by the numbers it knows them by. Numbers are never zero and never used
  // twice. Thread-safe; a transaction itself is used by one thread at a time.
  class TransactionTable
  {
  public:
    int64_t Add(std::unique_ptr<IndexTransaction> transaction);

    // RegistryError(BadSequenceOfCalls) if there is no such transaction.
    IndexTransaction& Get(int64_t number);

    // Ends a transaction, rolled back unless it was committed. No error if there is none.
    void Remove(int64_t number);

  private:
    std::mutex mutex_;
    int64_t last_ = 0;
    std::unordered_map<int64_t, std::unique_ptr<IndexTransaction>> transactions_;
  };
}
