// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Database/PostgreSQLFixture.h"

#include "Framework/Common/Uuid.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

namespace OrthancRegistry::Testing
{
  void PostgreSQLTest::SetUp()
  {
    const char* const uri = std::getenv("REGISTRY_TEST_POSTGRESQL");
    if (uri == nullptr)
    {
      throw std::runtime_error("Set REGISTRY_TEST_POSTGRESQL to the URI of a PostgreSQL database for tests");
    }
    parameters_ = PostgreSQLParameters::FromUri(uri);
    server_ = std::make_unique<PostgreSQLDatabase>(parameters_);
    schema_ = "test_" + GenerateUuid();
    std::replace(schema_.begin(), schema_.end(), '-', '_');
    RunOnServer("CREATE SCHEMA " + schema_);
    parameters_.schema = schema_;
    database_ = Connect();
  }

  void PostgreSQLTest::TearDown()
  {
    database_.reset();
    RunOnServer("DROP SCHEMA " + schema_ + " CASCADE");
  }

  std::unique_ptr<PostgreSQLDatabase> PostgreSQLTest::Connect() const
  {
    return std::make_unique<PostgreSQLDatabase>(parameters_);
  }

  void PostgreSQLTest::RunOnServer(const std::string& sql) const
  {
    Transaction transaction(*server_, AccessMode::ReadWrite);
    transaction.ExecuteScript(sql);
    transaction.Commit();
  }

  int64_t PostgreSQLTest::CountRows(const std::string& table) const
  {
    Transaction transaction(*server_, AccessMode::ReadOnly);
    const auto count = transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM " + schema_ + "." + table);
    transaction.Commit();
    return count;
  }

  void PostgreSQLTest::TerminateProcess(int64_t process) const
  {
    Transaction transaction(*server_, AccessMode::ReadWrite);
    transaction.Query<bool>("SELECT pg_terminate_backend(CAST($1 AS INTEGER))", process);
    transaction.Commit();
    const bool gone = WaitUntil(
        [&]
        {
          Transaction question(*server_, AccessMode::ReadOnly);
          return question.QueryValue<int64_t>("SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1",
                                              process) == 0;
        });
    ASSERT_TRUE(gone);
  }

  bool PostgreSQLTest::IsWaiting(int64_t process) const
  {
    Transaction transaction(*server_, AccessMode::ReadOnly);
    return transaction.QueryValue<int64_t>(
               "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'",
               process) == 1;
  }

  void CutConnection(const PostgreSQLSession& session)
  {
    int sockets[2];
    ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    ASSERT_EQ(session.GetSocket(), dup2(sockets[0], session.GetSocket()));
    close(sockets[0]);
    close(sockets[1]);
  }

  std::string GetErrorText(const std::function<void()>& action)
  {
    try
    {
      action();
    }
    catch (const std::exception& error)
    {
      return error.what();
    }
    return {};
  }
}
