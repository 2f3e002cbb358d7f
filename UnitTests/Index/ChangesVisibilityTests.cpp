// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <mutex>
#include <set>

using testing::ElementsAre;

// Consumers poll with "since=Last". On PostgreSQL, numbers are drawn in one order and committed in another
// one.
namespace OrthancRegistry::Testing
{
  class ChangesVisibilityTest : public PostgreSQLIndexTest
  {
  protected:
    void SetUp() override
    {
      PostgreSQLIndexTest::SetUp();
      IndexTransaction t = Write();
      instance_ = Resources::CreateInstance(t, "p1", "st1", "se1", "i1").instanceId;
      t.transaction.Commit();
    }

    void Log(IndexTransaction& t) const
    {
      Changes::Log(t, 2, ResourceLevel::Instance, instance_, "");
      t.transaction.Flush();
    }

    // What a consumer does: reads on from the last number it knows.
    void Poll(std::vector<int64_t>& seen)
    {
      for (;;)
      {
        IndexTransaction t = Read();
        const auto page = Changes::Get(t, seen.empty() ? 0 : seen.back(), -1, {}, 10);
        for (const Change& change : page.changes)
        {
          seen.push_back(change.seq);
        }
        if (page.done)
        {
          return;
        }
      }
    }

    // The same by a reader that trusts the numbers
    void PollNaively(std::vector<int64_t>& seen)
    {
      IndexTransaction t = Read();
      for (const auto& [seq] : t.transaction.Query<int64_t>(
               "SELECT seq FROM Changes WHERE seq > $1 ORDER BY seq", seen.empty() ? 0 : seen.back()))
      {
        seen.push_back(seq);
      }
    }

    int64_t GetLastIndex()
    {
      IndexTransaction t = Read();
      return Changes::GetLastIndex(t);
    }

    int64_t instance_ = 0;
  };

  TEST_F(ChangesVisibilityTest, ALowerNumberCommittedLaterIsNotMissed)
  {
    std::vector<int64_t> seen;
    std::vector<int64_t> naive;

    IndexTransaction first = Write();
    IndexTransaction second = Write();
    Log(first);  // draws 1
    Log(second); // draws 2
    second.transaction.Commit();
    Poll(seen);
    PollNaively(naive);
    EXPECT_TRUE(seen.empty()) << "The first writer may still bring number 1";
    EXPECT_EQ(0, GetLastIndex());

    Log(first); // draws 3
    first.transaction.Commit();
    Poll(seen);
    PollNaively(naive);
    EXPECT_THAT(seen, ElementsAre(1, 2, 3));
    EXPECT_THAT(naive, ElementsAre(2, 3)) << "If 1 is there, this test shows nothing";
    EXPECT_EQ(3, GetLastIndex());
  }

  TEST_F(ChangesVisibilityTest, AWriterThatHasAnnouncedButNotDrawnHoldsBackWhatFollows)
  {
    std::vector<int64_t> seen;
    IndexTransaction first = Write();
    first.dialect.PrepareChange(first.transaction);
    first.transaction.Flush();

    IndexTransaction second = Write();
    Log(second);
    second.transaction.Commit();
    Poll(seen);
    EXPECT_TRUE(seen.empty());

    first.transaction.Rollback();
    Poll(seen);
    EXPECT_THAT(seen, ElementsAre(1));
  }

  // The session that has found everything decided does not ask again as long as no number is drawn.
  TEST_F(ChangesVisibilityTest, WhatWasDecidedIsNotTakenForTheNextNumber)
  {
    IndexTransaction reader = Read();
    EXPECT_EQ(0, Changes::GetLastIndex(reader));
    EXPECT_EQ(0, Changes::GetLastIndex(reader));

    IndexTransaction first = Write();
    IndexTransaction second = Write();
    Log(first);
    Log(second);
    second.transaction.Commit();
    EXPECT_EQ(0, Changes::GetLastIndex(reader));
    EXPECT_FALSE(Changes::GetLast(reader));
    first.transaction.Commit();
    EXPECT_EQ(2, Changes::GetLastIndex(reader));
    EXPECT_EQ(2, Changes::GetLast(reader).value().seq);

    IndexTransaction third = Write();
    third.dialect.PrepareChange(third.transaction);
    third.transaction.Flush();
    IndexTransaction fourth = Write();
    Log(fourth);
    fourth.transaction.Commit();
    EXPECT_EQ(2, Changes::GetLast(reader).value().seq) << "The third writer may still draw a number";
    EXPECT_EQ(2, Changes::Get(reader, 0, 1000, {}, 1).changes.at(0).seq);
    third.transaction.Rollback();
    EXPECT_EQ(3, Changes::GetLast(reader).value().seq);
  }

  TEST_F(ChangesVisibilityTest, APageAndItsLimitAreOneRoundTrip)
  {
    IndexTransaction writer = Write();
    Log(writer);
    Log(writer);
    writer.transaction.Commit();

    IndexTransaction reader = Read();
    const uint64_t before = reader.transaction.GetStatistics().roundTrips;
    EXPECT_EQ(2, Changes::GetLast(reader).value().seq);
    EXPECT_EQ(2u, Changes::Get(reader, 0, -1, {}, 10).changes.size());
    reader.Commit();
    EXPECT_EQ(2u, reader.transaction.GetStatistics().roundTrips - before);
  }

  TEST_F(ChangesVisibilityTest, NumbersOfARolledBackTransactionAreNotWaitedFor)
  {
    std::vector<int64_t> seen;
    {
      IndexTransaction t = Write();
      Log(t);
    }
    IndexTransaction t = Write();
    Log(t);
    t.transaction.Commit();
    Poll(seen);
    EXPECT_THAT(seen, ElementsAre(2));
  }

  TEST_F(ChangesVisibilityTest, AWritingReaderSeesItsOwnChangesWhileAnotherWrites)
  {
    IndexTransaction own = Write();
    Log(own); // 1
    EXPECT_EQ(1, Changes::GetLastIndex(own));

    IndexTransaction other = Write();
    Log(other); // 2
    Log(own);   // 3
    EXPECT_EQ(1, Changes::GetLastIndex(own));
    other.transaction.Commit();
    EXPECT_EQ(3, Changes::GetLastIndex(own));
    EXPECT_EQ(3u, Changes::Get(own, 0, -1, {}, 10).changes.size());
  }

  TEST_F(ChangesVisibilityTest, AnotherSchemaOfTheSameDatabaseHoldsNothingBack)
  {
    const auto elsewhere = TestDatabase::Create(Engine::PostgreSQL);
    elsewhere->Migrate("Index");
    IndexTransaction foreign(elsewhere->Get(), elsewhere->GetDialect(), AccessMode::ReadWrite);
    foreign.dialect.PrepareChange(foreign.transaction);
    foreign.transaction.Flush();

    IndexTransaction t = Write();
    Log(t);
    t.transaction.Commit();
    EXPECT_EQ(1, GetLastIndex());
  }

  TEST_F(ChangesVisibilityTest, EightWritersAndAPollingReader)
  {
    constexpr unsigned int WRITERS = 8;
    constexpr int TRANSACTIONS = 60;

    std::mutex mutex;
    std::set<int64_t> committed;
    std::vector<int64_t> seen;
    {
      std::atomic<bool> stop = false;
      std::jthread reader(
          [&]
          {
            while (!stop)
            {
              Poll(seen);
            }
          });

      RunThreads(WRITERS,
                 [&](unsigned int writer)
                 {
                   for (int i = 0; i < TRANSACTIONS; i++)
                   {
                     IndexTransaction t = Write();
                     for (unsigned int change = 0; change <= (writer + static_cast<unsigned int>(i)) % 4;
                          change++)
                     {
                       Log(t);
                     }
                     std::vector<int64_t> own;
                     for (const auto& [seq] : t.transaction.Query<int64_t>(
                              "SELECT seq FROM Changes WHERE xmin = pg_current_xact_id()::xid"))
                     {
                       own.push_back(seq);
                     }
                     if (i % 10 == 9)
                     {
                       t.transaction.Rollback();
                       continue;
                     }
                     t.transaction.Commit();
                     const std::lock_guard lock(mutex);
                     committed.insert(own.begin(), own.end());
                   }
                 });
      stop = true;
    }
    Poll(seen);

    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_THAT(seen, testing::ElementsAreArray(committed));
    EXPECT_GT(committed.size(), WRITERS * TRANSACTIONS);
  }
}
