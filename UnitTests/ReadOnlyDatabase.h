// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/DatabaseErrors.h"
#include "Framework/Database/IDatabase.h"

namespace OrthancRegistry::Testing
{
  // A database for somebody who may only read: to ask for more is an error.
  class ReadOnlyDatabase : public IDatabase
  {
  public:
    explicit ReadOnlyDatabase(std::unique_ptr<IDatabase> database) : database_(std::move(database))
    {
    }

    Engine GetEngine() const override
    {
      return database_->GetEngine();
    }

    std::string_view GetBootstrapScript() const override
    {
      return database_->GetBootstrapScript();
    }

    SessionLease Acquire(AccessMode mode) override
    {
      if (mode != AccessMode::ReadOnly)
      {
        throw UsageError("Nothing may be written here");
      }
      return database_->Acquire(mode);
    }

  private:
    std::unique_ptr<IDatabase> database_;
  };
}
