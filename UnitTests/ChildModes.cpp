// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/ChildModes.h"

#include "Framework/Database/Retry.h"
#include "UnitTests/TestDatabases.h"

#include <iostream>

#include <unistd.h>

namespace OrthancRegistry::Testing
{
  namespace
  {
    void WaitForGate()
    {
      char ignored = 0;
      while (read(STDIN_FILENO, &ignored, 1) > 0)
      {
      }
    }

    void Increment(IDatabase& database, int count)
    {
      RetryPolicy patient;
      patient.maximumRetries = 100;
      for (int i = 0; i < count; i++)
      {
        RunTransaction(
            database, AccessMode::ReadWrite,
            [](Transaction& transaction)
            {
              const auto value = transaction.QueryValue<int64_t>("SELECT value FROM Counter FOR UPDATE");
              transaction.Execute("UPDATE Counter SET value = $1", value + 1);
            },
            patient);
      }
    }

    void InsertForever(IDatabase& database)
    {
      for (int64_t i = 1;; i++)
      {
        RunTransaction(database, AccessMode::ReadWrite,
                       [i](Transaction& transaction)
                       {
                         transaction.Execute("INSERT INTO Written(id) VALUES($1)", i);
                       });
        RunTransaction(database, AccessMode::ReadWrite,
                       [i](Transaction& transaction)
                       {
                         transaction.Execute("UPDATE Acknowledged SET id = $1", i);
                       });
      }
    }
  }

  std::span<const Migration> GetStepMigrations()
  {
    static constexpr Migration STEPS[] = {
        {1, "0001-table", "CREATE TABLE Steps(step BIGINT NOT NULL); INSERT INTO Steps VALUES(1);"},
        {2, "0002-second", "INSERT INTO Steps VALUES(2);"},
        {3, "0003-third", "CREATE TABLE Third(id BIGINT); INSERT INTO Steps VALUES(3);"},
        {4, "0004-fourth", "INSERT INTO Steps VALUES(4);"},
    };
    return STEPS;
  }

  int RunChildMode(const std::vector<std::string>& arguments)
  {
    const std::string& mode = arguments.at(0);
    const std::unique_ptr<IDatabase> database = TestDatabase::Open(arguments.at(1));
    WaitForGate();
    try
    {
      if (mode == "migrate")
      {
        return Migrator(*database, "Steps", GetStepMigrations()).Run();
      }
      if (mode == "increment")
      {
        Increment(*database, std::stoi(arguments.at(2)));
        return 0;
      }
      if (mode == "insert")
      {
        InsertForever(*database);
      }
    }
    catch (const std::exception& error)
    {
      std::cerr << "Child process: " << error.what() << "\n";
    }
    return 100;
  }
}
