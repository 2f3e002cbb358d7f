// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Database/IDatabase.h"

#include <atomic>
#include <memory>

namespace OrthancRegistry::Testing
{
  enum class Fault
  {
    DoubtAfterCommit,   // it is committed, and the caller does not learn it
    DoubtWithoutCommit, // it is not committed, and the caller does not learn it
    LostBeforeCommit    // the connection breaks, nothing is committed
  };

  // A database of which one commit of a writing transaction goes wrong; heartbeats do not count, because
  // there are any number of them. Thread-safe.
  class FaultyDatabase : public IDatabase
  {
  public:
    explicit FaultyDatabase(std::unique_ptr<IDatabase> database);

    // The commit of that number from now on (1 = the next one)
    void FailAt(unsigned int number, Fault fault);

    bool HasFailed() const;

    Engine GetEngine() const override;
    std::string_view GetBootstrapScript() const override;
    SessionLease Acquire(AccessMode mode) override;

  private:
    class Session;

    std::unique_ptr<IDatabase> database_;
    std::atomic<Fault> fault_ = Fault::LostBeforeCommit;
    std::atomic<int64_t> left_ = 0; // commits up to the one that fails
    std::atomic<bool> hasFailed_ = false;
  };
}
