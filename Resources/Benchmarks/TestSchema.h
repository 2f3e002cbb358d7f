// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "PostgreSQL/PostgreSQLDatabase.h"

#include <memory>
#include <string>

namespace OrthancRegistry::Benchmarks
{
  // A schema of its own with the tables of one component, on the server that the environment variable
  // REGISTRY_TEST_POSTGRESQL names; dropped at the end.
  class TestSchema
  {
  public:
    explicit TestSchema(const std::string& component = "Jobs");
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

    const std::string& GetName() const
    {
      return parameters_.schema;
    }

  private:
    PostgreSQLParameters parameters_;
    std::unique_ptr<PostgreSQLDatabase> database_;
    std::unique_ptr<IMessageBus> bus_;
  };
}
