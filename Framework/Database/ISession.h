// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace OrthancRegistry
{
  enum class AccessMode
  {
    ReadOnly,  // a write is refused
    ReadWrite, // SQLite: BEGIN IMMEDIATE
    Exclusive  // like ReadWrite, and alone of its kind in the whole cluster: migrations
  };

  // What happened on one session since it was opened, so that tests can count instead of measuring time.
  struct SessionStatistics
  {
    uint64_t roundTrips = 0; // times the session waited for the server (PostgreSQL); always 0 on SQLite
    uint64_t statements = 0;
    uint64_t preparations = 0; // statements that were not in the cache
  };

  // One connection to a database, in the dialect-neutral subset described in
  // Resources/Documentation/architecture.md: parameters are $1, $2, ...; lists are used as "= ANY($1)"; row
  // locks are "FOR UPDATE [SKIP LOCKED]" at the end of a SELECT or sub-SELECT (no effect on SQLite, where a
  // writing transaction is alone); SharedNow() is the clock.
  //
  // Used by one thread at a time, through Transaction: nobody else calls the methods below.
  class ISession
  {
  public:
    using RowHandler = std::function<void(const IRow&)>;
    using DoneHandler = std::function<void(int64_t affectedRows)>;

    virtual ~ISession() = default;

    virtual void Begin(AccessMode mode) = 0;

    // Returns only when the outcome is known, see DatabaseErrors.h. The transaction is over in any case.
    virtual void Commit() = 0;

    // Drops what is enqueued, undoes the rest. Does not throw: a session that cannot be rolled back is
    // broken.
    virtual void Rollback() noexcept = 0;

    // Runs one statement, or puts it off until the next Flush() or Commit(): handlers are called then, in the
    // order of the calls, and an error is thrown then. Handlers may be empty, and must not use the session. A
    // row handler that throws makes Flush() throw the same after all results have been read.
    virtual void Enqueue(std::string_view sql, std::span<const Parameter> parameters, RowHandler onRow,
                         DoneHandler onDone) = 0;
    virtual void Flush() = 0;

    // Several statements without parameters and results, inside the current transaction: migrations.
    virtual void ExecuteScript(std::string_view sql) = 0;

    // False once the connection is of no more use: its pool throws it away.
    virtual bool IsUsable() const = 0;

    virtual const SessionStatistics& GetStatistics() const = 0;
  };
}
