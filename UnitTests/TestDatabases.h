// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Database/Migrator.h"
#include "Framework/Index/IIndexDialect.h"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>

namespace OrthancRegistry::Testing
{
  // One new and empty database: a schema of its own on the PostgreSQL server that the environment variable
  // REGISTRY_TEST_POSTGRESQL names (a URI; tests fail without it), or a file in a temporary folder. Dropped
  // at the end. With REGISTRY_TEST_ADOPTED=1 or 10, the index on PostgreSQL is one that was adopted from the
  // stock plugin, at that revision of its schema.
  class TestDatabase
  {
  public:
    virtual ~TestDatabase() = default;

    static std::unique_ptr<TestDatabase> Create(Engine engine);

    // For other processes: Open(GetAddress()) is the same database as Connect().
    virtual std::string GetAddress() const = 0;
    static std::unique_ptr<IDatabase> Open(const std::string& address);

    virtual IDatabase& Get() = 0;

    // Another pool on the same database, as another replica has it
    virtual std::unique_ptr<IDatabase> Connect() = 0;

    virtual std::unique_ptr<IMessageBus> CreateBus() = 0;
    virtual const IIndexDialect& GetDialect() const = 0;
    virtual std::span<const Migration> GetMigrations(std::string_view component) const = 0;

    // Runs all migrations of a component ("Index", "Jobs", "Messages", "Storage").
    void Migrate(const std::string& component);
  };

  // The base of the conformance tests: each TEST_P of a class derived from this one runs on both engines, on
  // an empty database, once CONFORMANCE_SUITE(Class) has been written.
  class EngineTest : public testing::TestWithParam<Engine>
  {
  protected:
    void SetUp() override
    {
      database_ = TestDatabase::Create(GetParam());
    }

    IDatabase& GetDatabase()
    {
      return database_->Get();
    }

    std::unique_ptr<TestDatabase> database_;
  };
}

// NOLINTBEGIN(bugprone-macro-parentheses)
#define CONFORMANCE_SUITE(Suite)                                                                             \
  INSTANTIATE_TEST_SUITE_P(                                                                                  \
      Engines, Suite, testing::Values(OrthancRegistry::Engine::PostgreSQL, OrthancRegistry::Engine::SQLite), \
      [](const auto& parameter) -> std::string                                                               \
      {                                                                                                      \
        return parameter.param == OrthancRegistry::Engine::PostgreSQL ? "PostgreSQL" : "SQLite";             \
      })
// NOLINTEND(bugprone-macro-parentheses)
