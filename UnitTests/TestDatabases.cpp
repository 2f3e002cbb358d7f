// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/TestDatabases.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "PostgreSQL/PostgreSQLDatabase.h"
#include "PostgreSQL/PostgreSQLIndexDialect.h"
#include "PostgreSQL/PostgreSQLMessageBus.h"
#include "PostgreSQL/StockSchema.h"
#include "SQLite/EmbeddedMigrations.h"
#include "SQLite/SQLiteDatabase.h"
#include "SQLite/SQLiteIndexDialect.h"
#include "SQLite/SQLiteMessageBus.h"
#include "UnitTests/PostgreSQL/StockLayout.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace OrthancRegistry::Testing
{
  namespace
  {
    PostgreSQLParameters GetServer()
    {
      const char* const uri = std::getenv("REGISTRY_TEST_POSTGRESQL");
      if (uri == nullptr)
      {
        throw std::runtime_error(
            "Set REGISTRY_TEST_POSTGRESQL to the URI of a PostgreSQL database for tests");
      }
      return PostgreSQLParameters::FromUri(uri);
    }

    constexpr std::string_view POSTGRESQL_ADDRESS = "postgresql:"; // and the schema
    constexpr std::string_view SQLITE_ADDRESS = "sqlite:";         // and the path

    class PostgreSQLTestDatabase : public TestDatabase
    {
    public:
      PostgreSQLTestDatabase() : server_(GetServer()), parameters_(GetServer())
      {
        std::string schema = "test_" + GenerateUuid();
        std::replace(schema.begin(), schema.end(), '-', '_');
        parameters_.schema = schema;
        RunOnServer("CREATE SCHEMA " + schema);
        database_ = std::make_unique<PostgreSQLDatabase>(parameters_);
      }

      ~PostgreSQLTestDatabase() override
      {
        database_.reset();
        RunOnServer("DROP SCHEMA " + parameters_.schema + " CASCADE");
      }

      std::string GetAddress() const override
      {
        return std::string(POSTGRESQL_ADDRESS) + parameters_.schema;
      }

      IDatabase& Get() override
      {
        return *database_;
      }

      std::unique_ptr<IDatabase> Connect() override
      {
        return std::make_unique<PostgreSQLDatabase>(parameters_);
      }

      std::unique_ptr<IMessageBus> CreateBus() override
      {
        return std::make_unique<PostgreSQLMessageBus>(parameters_);
      }

      const IIndexDialect& GetDialect() const override
      {
        return dialect_;
      }

      std::span<const Migration> GetMigrations(std::string_view component) const override
      {
        return component == "Messages" ? std::span<const Migration>() : PostgreSQL::GetMigrations(component);
      }

    private:
      void RunOnServer(const std::string& script)
      {
        PostgreSQLDatabase server(server_);
        RunTransaction(server, AccessMode::ReadWrite,
                       [&](Transaction& transaction)
                       {
                         transaction.ExecuteScript(script);
                       });
      }

      PostgreSQLParameters server_;
      PostgreSQLParameters parameters_;
      PostgreSQLIndexDialect dialect_;
      std::unique_ptr<PostgreSQLDatabase> database_;
    };

    class SQLiteTestDatabase : public TestDatabase
    {
    public:
      SQLiteTestDatabase()
          : folder_(std::filesystem::temp_directory_path() / ("registry-test-" + GenerateUuid()))
      {
        std::filesystem::create_directory(folder_);
        parameters_.path = folder_ / "index.sqlite";
        database_ = std::make_unique<SQLiteDatabase>(parameters_);
      }

      ~SQLiteTestDatabase() override
      {
        database_.reset();
        std::filesystem::remove_all(folder_);
      }

      std::string GetAddress() const override
      {
        return std::string(SQLITE_ADDRESS) + parameters_.path;
      }

      IDatabase& Get() override
      {
        return *database_;
      }

      std::unique_ptr<IDatabase> Connect() override
      {
        return std::make_unique<SQLiteDatabase>(parameters_);
      }

      std::unique_ptr<IMessageBus> CreateBus() override
      {
        return std::make_unique<SQLiteMessageBus>(*database_);
      }

      const IIndexDialect& GetDialect() const override
      {
        return dialect_;
      }

      std::span<const Migration> GetMigrations(std::string_view component) const override
      {
        return SQLite::GetMigrations(component);
      }

    private:
      std::filesystem::path folder_;
      SQLiteParameters parameters_;
      SQLiteIndexDialect dialect_;
      std::unique_ptr<SQLiteDatabase> database_;
    };
  }

  std::unique_ptr<TestDatabase> TestDatabase::Create(Engine engine)
  {
    if (engine == Engine::PostgreSQL)
    {
      return std::make_unique<PostgreSQLTestDatabase>();
    }
    return std::make_unique<SQLiteTestDatabase>();
  }

  std::unique_ptr<IDatabase> TestDatabase::Open(const std::string& address)
  {
    if (address.starts_with(POSTGRESQL_ADDRESS))
    {
      PostgreSQLParameters parameters = GetServer();
      parameters.schema = address.substr(POSTGRESQL_ADDRESS.size());
      return std::make_unique<PostgreSQLDatabase>(parameters);
    }
    SQLiteParameters parameters;
    parameters.path = address.substr(SQLITE_ADDRESS.size());
    return std::make_unique<SQLiteDatabase>(parameters);
  }

  void TestDatabase::Migrate(const std::string& component)
  {
    const char* const revision = std::getenv("REGISTRY_TEST_ADOPTED");
    if (revision != nullptr && component == "Index" && Get().GetEngine() == Engine::PostgreSQL)
    {
      MakeEmptyStockSchema(Get(), std::atoi(revision));
      AdoptStockSchema(Get(), true);
    }
    const auto migrations = GetMigrations(component);
    if (!migrations.empty())
    {
      Migrator(Get(), component, migrations).Run();
    }
  }
}
