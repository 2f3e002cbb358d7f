// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Logging.h"
#include "UnitTests/Database/PostgreSQLFixture.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    std::vector<std::string> lines; // of this thread, the only one here

    class PostgreSQLVerboseTest : public PostgreSQLTest
    {
    protected:
      void SetUp() override
      {
        PostgreSQLTest::SetUp();
        lines.clear();
        SetLogSink(
            [](LogLevel /*level*/, const std::string& message)
            {
              lines.push_back(message);
            });
      }

      void TearDown() override
      {
        SetLogSink(nullptr);
        PostgreSQLTest::TearDown();
      }

      void Run() const
      {
        const auto database = Connect();
        Transaction transaction(*database, AccessMode::ReadWrite);
        transaction.Execute("SELECT $1", "the value");
        transaction.ExecuteScript("SELECT 1; SELECT 2");
        transaction.Commit();
      }
    };

    TEST_F(PostgreSQLVerboseTest, StatementsWithoutValuesIfAsked)
    {
      Run();
      EXPECT_TRUE(lines.empty());
      parameters_.logsStatements = true;
      Run();
      EXPECT_EQ(lines, (std::vector<std::string>{"PostgreSQL: SELECT $1", "PostgreSQL: SELECT 1; SELECT 2"}));
    }
  }
}
