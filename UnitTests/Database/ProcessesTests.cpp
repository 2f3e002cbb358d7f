// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "UnitTests/ChildProcess.h"
#include "UnitTests/TestDatabases.h"
#include "UnitTests/Waiting.h"

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

class DatabaseProcesses : public EngineTest
{
protected:
  void RunScript(const std::string& script)
  {
    RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.ExecuteScript(script);
                   });
  }

  int64_t Read(const std::string& sql)
  {
    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    return transaction.QueryValue<int64_t>(sql);
  }
};

CONFORMANCE_SUITE(DatabaseProcesses);

TEST_P(DatabaseProcesses, WritersLoseNothing)
{
  constexpr int PROCESSES = 5;
  constexpr int COUNT = 40;
  RunScript("CREATE TABLE Counter(value BIGINT NOT NULL); INSERT INTO Counter VALUES(0);");
  StartingGate gate;
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int i = 0; i < PROCESSES; i++)
  {
    children.push_back(std::make_unique<ChildProcess>(
        std::vector<std::string>{"increment", database_->GetAddress(), std::to_string(COUNT)}, gate));
  }
  gate.Open();
  for (const auto& child : children)
  {
    EXPECT_EQ(0, child->Wait());
  }
  EXPECT_EQ(PROCESSES * COUNT, Read("SELECT value FROM Counter"));
}

TEST_P(DatabaseProcesses, KillTakesNoCommitBack)
{
  RunScript("CREATE TABLE Written(id BIGINT PRIMARY KEY); CREATE TABLE Acknowledged(id BIGINT NOT NULL);"
            "INSERT INTO Acknowledged VALUES(0);");
  StartingGate gate;
  ChildProcess child({"insert", database_->GetAddress()}, gate);
  gate.Open();
  EXPECT_TRUE(WaitUntil(
      [&]
      {
        return Read("SELECT id FROM Acknowledged") >= 20;
      }));
  child.Kill();
  child.Wait();

  const int64_t acknowledged = Read("SELECT id FROM Acknowledged");
  const int64_t written = Read("SELECT CAST(COUNT(*) AS BIGINT) FROM Written");
  EXPECT_GE(written, acknowledged);
  EXPECT_LE(written, acknowledged + 1);
  RunScript("INSERT INTO Written VALUES(-1)"); // the dead one holds no lock
}
