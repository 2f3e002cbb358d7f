// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Benchmarks/TestSchema.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Database/Migrator.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "PostgreSQL/PostgreSQLMessageBus.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace OrthancRegistry::Benchmarks
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

    void RunScript(IDatabase& database, const std::string& script)
    {
      RunTransaction(database, AccessMode::ReadWrite,
                     [&](Transaction& transaction)
                     {
                       transaction.ExecuteScript(script);
                     });
    }

    void RunOnServer(const std::string& script)
    {
      PostgreSQLDatabase server(GetServer());
      RunScript(server, script);
    }
  }

  TestSchema::TestSchema(const std::string& component) : parameters_(GetServer())
  {
    parameters_.schema = "benchmark_" + GenerateUuid();
    std::replace(parameters_.schema.begin(), parameters_.schema.end(), '-', '_');
    RunOnServer("CREATE SCHEMA " + parameters_.schema);
    database_ = std::make_unique<PostgreSQLDatabase>(parameters_);
    bus_ = std::make_unique<PostgreSQLMessageBus>(parameters_);
    Migrator(*database_, component, PostgreSQL::GetMigrations(component)).Run();
  }

  TestSchema::~TestSchema()
  {
    bus_.reset();
    database_.reset();
    RunOnServer("DROP SCHEMA " + parameters_.schema + " CASCADE");
  }

  void TestSchema::Execute(std::string_view sql)
  {
    RunScript(*database_, std::string(sql));
  }
}
