// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Retry.h"
#include "Framework/Index/Attachments.h"
#include "Framework/Index/Resources.h"
#include "Framework/Index/StatisticsQueries.h"
#include "UnitTests/TestDatabases.h"
#include "UnitTests/Waiting.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace OrthancRegistry
{
  bool operator==(const Statistics& a, const Statistics& b);
  void PrintTo(const Statistics& statistics, std::ostream* stream);
}

namespace OrthancRegistry::Testing
{
  // Transactions on a migrated and empty index, on both engines
  class IndexTest : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Index");
    }

    IndexTransaction Write()
    {
      return IndexTransaction(GetDatabase(), database_->GetDialect(), AccessMode::ReadWrite);
    }

    IndexTransaction Read()
    {
      return IndexTransaction(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
    }
  };

  // The same on PostgreSQL only: what several sessions do at the same time
  class PostgreSQLIndexTest : public testing::Test
  {
  protected:
    void SetUp() override
    {
      database_ = TestDatabase::Create(Engine::PostgreSQL);
      database_->Migrate("Index");
    }

    IndexTransaction Write()
    {
      return IndexTransaction(database_->Get(), database_->GetDialect(), AccessMode::ReadWrite);
    }

    IndexTransaction Read()
    {
      return IndexTransaction(database_->Get(), database_->GetDialect(), AccessMode::ReadOnly);
    }

    // Returns once that session waits for another one.
    void WaitUntilBlocked(int64_t pid);

    std::unique_ptr<TestDatabase> database_;
  };

  int64_t GetSessionId(IndexTransaction& t); // process of a PostgreSQL session

  // Runs and commits action(t), again if another transaction was in the way, as the core does.
  template <typename Action>
  void RunInIndex(TestDatabase& database, Action action)
  {
    for (unsigned int retry = 0;; retry++)
    {
      try
      {
        IndexTransaction t(database.Get(), database.GetDialect(), AccessMode::ReadWrite);
        action(t);
        t.transaction.Commit();
        return;
      }
      catch (const RetryableError&)
      {
        if (retry >= 20)
        {
          throw;
        }
      }
      WaitBeforeRetry(RetryPolicy(), retry);
    }
  }

  // Runs action(0) ... action(count - 1) at the same time. An exception is a failure of the test.
  void RunThreads(unsigned int count, const std::function<void(unsigned int)>& action);

  Attachment MakeAttachment(const std::string& uuid, int contentType, uint64_t compressedSize,
                            uint64_t uncompressedSize);

  // Counts all rows instead of trusting the counters.
  Statistics Recount(IndexTransaction& t);

  // Patients, studies and series without children
  int64_t CountChildless(IndexTransaction& t);

  // Rows that belong to no resource, which no foreign key keeps from being there
  int64_t CountOrphans(IndexTransaction& t);
}
