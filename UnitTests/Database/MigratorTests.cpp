// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Migrator.h"

#include "Framework/Database/Retry.h"
#include "UnitTests/ChildModes.h"
#include "UnitTests/ChildProcess.h"
#include "UnitTests/ReadOnlyDatabase.h"
#include "UnitTests/TestDatabases.h"

#include <numeric>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

class DatabaseMigrator : public EngineTest
{
protected:
  static std::vector<int> GetSteps(IDatabase& database)
  {
    Transaction transaction(database, AccessMode::ReadOnly);
    std::vector<int> steps;
    transaction.QueryEach<int>("SELECT step FROM Steps ORDER BY step",
                               [&](int step)
                               {
                                 steps.push_back(step);
                               });
    return steps;
  }

  static int GetVersion(IDatabase& database, const std::string& component)
  {
    Transaction transaction(database, AccessMode::ReadOnly);
    const auto row =
        transaction.QueryOptional<int>("SELECT version FROM SharedVersions WHERE component = $1", component);
    return row ? std::get<0>(*row) : 0;
  }

  static std::vector<int> CountTo(int last)
  {
    std::vector<int> numbers(static_cast<size_t>(last));
    std::iota(numbers.begin(), numbers.end(), 1);
    return numbers;
  }
};

CONFORMANCE_SUITE(DatabaseMigrator);

TEST_P(DatabaseMigrator, FromEachVersionToEach)
{
  const auto steps = GetStepMigrations();
  const int newest = static_cast<int>(steps.size());
  for (int from = 0; from <= newest; from++)
  {
    for (int to = from; to <= newest; to++)
    {
      SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
      const auto database = TestDatabase::Create(GetParam());
      EXPECT_EQ(from, Migrator(database->Get(), "Steps", steps.first(static_cast<size_t>(from))).Run());
      EXPECT_EQ(to - from, Migrator(database->Get(), "Steps", steps.first(static_cast<size_t>(to))).Run());
      EXPECT_EQ(0, Migrator(database->Get(), "Steps", steps.first(static_cast<size_t>(to))).Run());
      EXPECT_EQ(to, GetVersion(database->Get(), "Steps"));
      if (to > 0)
      {
        EXPECT_EQ(CountTo(to), GetSteps(database->Get()));
      }
    }
  }
}

TEST_P(DatabaseMigrator, ComponentsAreIndependent)
{
  static constexpr Migration OTHER[] = {{1, "0001-other", "CREATE TABLE Other(id BIGINT)"}};
  EXPECT_EQ(4, Migrator(GetDatabase(), "Steps", GetStepMigrations()).Run());
  EXPECT_EQ(1, Migrator(GetDatabase(), "Other", OTHER).Run());
  EXPECT_EQ(4, GetVersion(GetDatabase(), "Steps"));
  EXPECT_EQ(1, GetVersion(GetDatabase(), "Other"));
}

TEST_P(DatabaseMigrator, AcceptsANewerDatabaseThatOnlyAdds)
{
  Migrator(GetDatabase(), "Steps", GetStepMigrations()).Run();
  EXPECT_EQ(0, Migrator(GetDatabase(), "Steps", GetStepMigrations().first(2)).Run());
  EXPECT_NO_THROW(Migrator(GetDatabase(), "Steps", GetStepMigrations().first(2)).Check());
  EXPECT_EQ(4, GetVersion(GetDatabase(), "Steps"));
  EXPECT_EQ(0, Migrator(GetDatabase(), "Steps", GetStepMigrations()).Run());
}

TEST_P(DatabaseMigrator, RefusesADatabaseWithIncompatibleSteps)
{
  std::vector<Migration> steps(GetStepMigrations().begin(), GetStepMigrations().end());
  steps[2].compatible = 3; // the fourth one only adds
  const std::span<const Migration> all(steps);
  Migrator(GetDatabase(), "Steps", all.first(3)).Run();
  Migrator(GetDatabase(), "Steps", all).Run();
  EXPECT_EQ(0, Migrator(GetDatabase(), "Steps", all.first(3)).Run());
  for (const bool isRun : {true, false})
  {
    try
    {
      Migrator old(GetDatabase(), "Steps", all.first(2));
      isRun ? static_cast<void>(old.Run()) : old.Check();
      FAIL();
    }
    catch (const RegistryError& error)
    {
      EXPECT_EQ(ErrorCode::IncompatibleConfigurations, error.GetCode());
      const std::string message = error.what();
      EXPECT_NE(std::string::npos, message.find("\"Steps\"")) << message;
      EXPECT_NE(std::string::npos, message.find("version 4")) << message;
      EXPECT_NE(std::string::npos, message.find("from version 3 on")) << message;
      EXPECT_NE(std::string::npos, message.find("up to 2")) << message;
    }
  }
  EXPECT_EQ(4, GetVersion(GetDatabase(), "Steps"));
}

TEST_P(DatabaseMigrator, DatabasesOfTheFirstVersionsGetTheColumn)
{
  RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                 [](Transaction& transaction)
                 {
                   transaction.ExecuteScript(
                       "CREATE TABLE SharedVersions(component TEXT PRIMARY KEY, version INTEGER NOT NULL);"
                       "CREATE TABLE Steps(step BIGINT NOT NULL); INSERT INTO Steps VALUES(1);"
                       "INSERT INTO SharedVersions VALUES('Steps', 1), ('Other', 1);");
                 });
  EXPECT_NO_THROW(Migrator(GetDatabase(), "Steps", GetStepMigrations().first(1)).Check());
  EXPECT_EQ(3, Migrator(GetDatabase(), "Steps", GetStepMigrations()).Run());
  EXPECT_EQ(CountTo(4), GetSteps(GetDatabase()));
  Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
  EXPECT_EQ(2, transaction.QueryValue<int>("SELECT COUNT(*) FROM SharedVersions WHERE compatible = 0"));
}

TEST_P(DatabaseMigrator, NothingIsWrittenWhereNothingIsToBeDone)
{
  Migrator(GetDatabase(), "Steps", GetStepMigrations()).Run();
  ReadOnlyDatabase database(database_->Connect());
  EXPECT_EQ(0, Migrator(database, "Steps", GetStepMigrations()).Run());
  EXPECT_NO_THROW(Migrator(database, "Steps", GetStepMigrations()).Check());
  EXPECT_EQ(0, Migrator(database, "Steps", GetStepMigrations().first(3)).Run());
  EXPECT_THROW(Migrator(database, "Other", GetStepMigrations()).Run(), UsageError);
}

TEST_P(DatabaseMigrator, CheckRefusesWhatIsMissing)
{
  EXPECT_THROW(Migrator(GetDatabase(), "Steps", GetStepMigrations()).Check(), RegistryError);
  Migrator(GetDatabase(), "Steps", GetStepMigrations().first(2)).Run();
  EXPECT_THROW(Migrator(GetDatabase(), "Steps", GetStepMigrations()).Check(), RegistryError);
  EXPECT_THROW(Migrator(GetDatabase(), "Missing", GetStepMigrations()).Check(), RegistryError);
  Migrator(GetDatabase(), "Steps", GetStepMigrations()).Run();
  EXPECT_NO_THROW(Migrator(GetDatabase(), "Steps", GetStepMigrations()).Check());
}

TEST_P(DatabaseMigrator, FailingStepLeavesThePreviousVersion)
{
  constexpr Migration broken[] = {
      {1, "0001-table", "CREATE TABLE Steps(step BIGINT NOT NULL); INSERT INTO Steps VALUES(1);"},
      {2, "0002-broken",
       "INSERT INTO Steps VALUES(2); CREATE TABLE Half(id BIGINT); INSERT INTO Missing VALUES(1);"}};
  EXPECT_THROW(Migrator(GetDatabase(), "Steps", broken).Run(), StatementError);
  EXPECT_EQ(1, GetVersion(GetDatabase(), "Steps"));
  EXPECT_EQ(CountTo(1), GetSteps(GetDatabase()));

  const Migration repaired[] = {
      broken[0], {2, "0002-repaired", "CREATE TABLE Half(id BIGINT); INSERT INTO Steps VALUES(2);"}};
  EXPECT_EQ(1, Migrator(GetDatabase(), "Steps", repaired).Run());
  EXPECT_EQ(CountTo(2), GetSteps(GetDatabase()));
}

TEST_P(DatabaseMigrator, AnUpToDateDatabaseIsOnlyRead)
{
  Migrator(GetDatabase(), "Steps", GetStepMigrations()).Run();
  Transaction migration(GetDatabase(), AccessMode::Exclusive);
  migration.Execute("UPDATE SharedVersions SET version = version");
  migration.Flush();
  const auto other = database_->Connect();
  EXPECT_EQ(0, Migrator(*other, "Steps", GetStepMigrations()).Run()); // waits for nobody
}

TEST_P(DatabaseMigrator, RefusesGapsInTheNumbers)
{
  constexpr Migration gap[] = {{1, "0001-a", "SELECT 1"}, {3, "0003-b", "SELECT 1"}};
  EXPECT_THROW(Migrator(GetDatabase(), "Steps", gap), RegistryError);
  constexpr Migration impossible[] = {{1, "0001-a", "SELECT 1", 2}};
  EXPECT_THROW(Migrator(GetDatabase(), "Steps", impossible), RegistryError);
}

TEST_P(DatabaseMigrator, OwnSchemasMigrateTwice)
{
  for (const std::string component : {"Index", "Jobs", "Calls", "Directory", "Queries", "Stability"})
  {
    const auto migrations = database_->GetMigrations(component);
    EXPECT_EQ(static_cast<int>(migrations.size()), Migrator(GetDatabase(), component, migrations).Run());
    EXPECT_EQ(0, Migrator(GetDatabase(), component, migrations).Run());
  }
}

TEST_P(DatabaseMigrator, TenProcessesAtTheSameInstant)
{
  constexpr int PROCESSES = 10;
  StartingGate gate;
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int i = 0; i < PROCESSES; i++)
  {
    children.push_back(
        std::make_unique<ChildProcess>(std::vector<std::string>{"migrate", database_->GetAddress()}, gate));
  }
  gate.Open();

  int total = 0;
  for (const auto& child : children)
  {
    const int steps = child->Wait();
    EXPECT_GE(steps, 0);
    EXPECT_LE(steps, 4);
    total += steps;
  }
  EXPECT_EQ(4, total);
  EXPECT_EQ(CountTo(4), GetSteps(GetDatabase()));
  EXPECT_EQ(4, GetVersion(GetDatabase(), "Steps"));
}
