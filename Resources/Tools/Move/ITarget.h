// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Migrator.h"
#include "Framework/Index/IIndexDialect.h"
#include "Resources/Tools/Move/CopySteps.h"

namespace OrthancRegistry::Move
{
  // What differs between the engines that an index can be moved to.
  class ITarget
  {
  public:
    virtual ~ITarget() = default;

    virtual IDatabase& GetDatabase() = 0;
    virtual const IIndexDialect& GetDialect() const = 0;

    // Of an index plugin of this engine with all its parts
    virtual std::vector<std::string_view> GetComponents() const = 0;
    virtual std::span<const Migration> GetMigrations(std::string_view component) const = 0;

    virtual bool HasTable(Transaction& transaction, const std::string& table) const = 0;

    // All rows of a batch
    virtual void Insert(Transaction& transaction, const CopyStep& step, const Batch& batch) = 0;

    // The numbers that come after this one are given out next. "sequence" is one of SEQUENCES.
    virtual void SetSequence(Transaction& transaction, std::string_view sequence, int64_t last) = 0;

    // What is slow to keep up to date row by row may be put off: Prepare() is called before the first batch,
    // again if the program was interrupted; CompleteNext() after the last one, each time in a transaction of
    // its own, until it answers that nothing is left.
    virtual void Prepare(Transaction& transaction) = 0;
    virtual bool CompleteNext(Transaction& transaction) = 0;
  };
}
