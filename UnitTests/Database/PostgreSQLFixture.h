// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "PostgreSQL/PostgreSQLDatabase.h"
#include "PostgreSQL/PostgreSQLSession.h"
#include "UnitTests/Waiting.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace OrthancRegistry::Testing
{
  // A database with a schema of its own, for tests that need to know that it is PostgreSQL.
  class PostgreSQLTest : public testing::Test
  {
  protected:
    void SetUp() override;
    void TearDown() override;

    // Another database object, with nothing shared but the server
    std::unique_ptr<PostgreSQLDatabase> Connect() const;

    // One statement in a transaction of its own, over another connection
    void RunOnServer(const std::string& sql) const;

    int64_t CountRows(const std::string& table) const;

    void TerminateProcess(int64_t process) const;

    // Whether a process of the server waits for a lock
    bool IsWaiting(int64_t process) const;

    static PostgreSQLSession& GetSession(Transaction& transaction)
    {
      return dynamic_cast<PostgreSQLSession&>(transaction.GetSession());
    }

    std::string schema_;              // made and dropped by this class
    PostgreSQLParameters parameters_; // a test may change them
    std::unique_ptr<PostgreSQLDatabase> database_;
    std::unique_ptr<PostgreSQLDatabase> server_;
  };

  // What a broken network looks like: the server knows nothing, and its answers do not arrive.
  void CutConnection(const PostgreSQLSession& session);

  // What the text of the error is, "" if there was none
  std::string GetErrorText(const std::function<void()>& action);
}
