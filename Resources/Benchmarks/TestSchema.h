// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "PostgreSQL/PostgreSQLDatabase.h"

#include <memory>

namespace OrthancRegistry::Benchmarks
{
  // A schema of its own with the tables of the jobs, on the server that the environment variable
  // REGISTRY_TEST_POSTGRESQL names; dropped at the end.
  class TestSchema
  {
  public:
    TestSchema();
    ~TestSchema();

    TestSchema(const TestSchema&) = delete;
    TestSchema& operator=(const TestSchema&) = delete;

    IDatabase& Get()
    {
      return *database_;
    }

    IMessageBus& GetBus()
    {
      return *bus_;
    }

    void Execute(std::string_view sql);

  private:
    PostgreSQLParameters parameters_;
    std::unique_ptr<PostgreSQLDatabase> database_;
    std::unique_ptr<IMessageBus> bus_;
  };
}
