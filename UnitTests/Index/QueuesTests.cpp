// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Queues.h"
#include "UnitTests/Index/IndexTest.h"

#include <mutex>
#include <set>

namespace OrthancRegistry::Testing
{
  class QueuesTest : public IndexTest
  {
  protected:
    static void EnqueueThree(IndexTransaction& t)
    {
      for (const char* value : {"a", "b", "c"})
      {
        Queues::Enqueue(t, "queue", value);
      }
    }

    // As if that much time had gone by
    static void ExpireReservations(IndexTransaction& t)
    {
      t.transaction.Execute(
          "UPDATE Queues SET reservedUntil = SharedNow() / 1000000 WHERE reservedUntil IS NOT NULL");
    }

    static void ExpectUnknown(IndexTransaction& t, int64_t id)
    {
      try
      {
        Queues::Acknowledge(t, "queue", id);
        ADD_FAILURE() << "Should not be reserved";
      }
      catch (const RegistryError& e)
      {
        EXPECT_EQ(ErrorCode::UnknownResource, e.GetCode());
      }
    }
  };
  CONFORMANCE_SUITE(QueuesTest);

  TEST_P(QueuesTest, BothEnds)
  {
    IndexTransaction t = Write();
    EXPECT_FALSE(Queues::Dequeue(t, "queue", QueueOrigin::Front).has_value());
    EnqueueThree(t);
    Queues::Enqueue(t, "other", std::string("\0\xff", 2));
    EXPECT_EQ(3, Queues::GetSize(t, "queue"));

    EXPECT_EQ("a", Queues::Dequeue(t, "queue", QueueOrigin::Front));
    EXPECT_EQ("c", Queues::Dequeue(t, "queue", QueueOrigin::Back));
    EXPECT_EQ("b", Queues::Dequeue(t, "queue", QueueOrigin::Back));
    EXPECT_FALSE(Queues::Dequeue(t, "queue", QueueOrigin::Back).has_value());
    EXPECT_EQ(0, Queues::GetSize(t, "queue"));
    EXPECT_EQ(1, Queues::GetSize(t, "other"));
    EXPECT_EQ(std::string("\0\xff", 2), Queues::Dequeue(t, "other", QueueOrigin::Front));
  }

  TEST_P(QueuesTest, AnEmptyValueIsAValue)
  {
    IndexTransaction t = Write();
    Queues::Enqueue(t, "queue", "");
    EXPECT_EQ("", Queues::Dequeue(t, "queue", QueueOrigin::Front));
  }

  TEST_P(QueuesTest, ReservedValuesAreHiddenButCount)
  {
    IndexTransaction t = Write();
    EnqueueThree(t);
    const auto front = Queues::Reserve(t, "queue", QueueOrigin::Front, 100);
    const auto back = Queues::Reserve(t, "queue", QueueOrigin::Back, 100);
    ASSERT_TRUE(front.has_value() && back.has_value());
    EXPECT_EQ("a", front->value);
    EXPECT_EQ("c", back->value);
    EXPECT_EQ(3, Queues::GetSize(t, "queue"));
    EXPECT_EQ("b", Queues::Dequeue(t, "queue", QueueOrigin::Front));
    EXPECT_FALSE(Queues::Dequeue(t, "queue", QueueOrigin::Front).has_value());
    EXPECT_FALSE(Queues::Reserve(t, "queue", QueueOrigin::Back, 1).has_value());

    Queues::Acknowledge(t, "queue", front->id);
    EXPECT_EQ(1, Queues::GetSize(t, "queue"));
    ExpectUnknown(t, front->id);
  }

  TEST_P(QueuesTest, AnExpiredReservationIsOver)
  {
    IndexTransaction t = Write();
    EnqueueThree(t);
    const auto first = Queues::Reserve(t, "queue", QueueOrigin::Front, 100).value();
    ExpireReservations(t);
    ExpectUnknown(t, first.id);

    const auto again = Queues::Reserve(t, "queue", QueueOrigin::Front, 100).value();
    EXPECT_EQ(first.id, again.id);
    ExpireReservations(t);
    EXPECT_EQ("a", Queues::Dequeue(t, "queue", QueueOrigin::Front));
  }

  TEST_P(QueuesTest, OnlyReservedValuesOfTheSameQueueAreAcknowledged)
  {
    IndexTransaction t = Write();
    EnqueueThree(t);
    Queues::Enqueue(t, "other", "x");
    const auto other = Queues::Reserve(t, "other", QueueOrigin::Front, 100).value();
    ExpectUnknown(t, other.id);
    ExpectUnknown(t, 4242);
    ExpectUnknown(t, t.transaction.QueryValue<int64_t>("SELECT MIN(id) FROM Queues"));
    Queues::Acknowledge(t, "other", other.id);
  }

  TEST_P(QueuesTest, ManyConsumersShareAQueueExactly)
  {
    constexpr int VALUES = 100;
    {
      IndexTransaction t = Write();
      for (int i = 0; i < VALUES; i++)
      {
        Queues::Enqueue(t, "queue", std::to_string(i));
      }
      t.transaction.Commit();
    }
    std::mutex mutex;
    std::multiset<std::string> taken;
    RunThreads(4,
               [&](unsigned int)
               {
                 for (bool more = true; more;)
                 {
                   RunInIndex(*database_,
                              [&](IndexTransaction& t)
                              {
                                const auto value = Queues::Dequeue(t, "queue", QueueOrigin::Front);
                                more = value.has_value();
                                t.transaction.Flush();
                                if (more)
                                {
                                  const std::lock_guard lock(mutex);
                                  taken.insert(*value);
                                }
                              });
                 }
               });
    EXPECT_EQ(static_cast<size_t>(VALUES), taken.size());
    EXPECT_EQ(static_cast<size_t>(VALUES), std::set<std::string>(taken.begin(), taken.end()).size());
  }

  // facts/postgresql-queues.md, last section: the same value twice, or nothing although there are others
  class QueuesIsolationTest : public PostgreSQLIndexTest
  {
  protected:
    void SetUp() override
    {
      PostgreSQLIndexTest::SetUp();
      IndexTransaction t = Write();
      for (const char* value : {"a", "b", "c", "d", "e"})
      {
        Queues::Enqueue(t, "queue", value);
      }
      t.transaction.Commit();
    }
  };

  TEST_F(QueuesIsolationTest, OverlappingReservations)
  {
    for (const auto& [origin, expected] : {std::pair(QueueOrigin::Front, std::pair("a", "b")),
                                           std::pair(QueueOrigin::Back, std::pair("e", "d"))})
    {
      IndexTransaction first = Write();
      IndexTransaction second = Write();
      EXPECT_EQ(expected.first, Queues::Reserve(first, "queue", origin, 100).value().value);
      EXPECT_EQ(expected.second, Queues::Reserve(second, "queue", origin, 100).value().value);
      first.transaction.Commit();
      second.transaction.Commit();
    }
  }

  TEST_F(QueuesIsolationTest, OverlappingDequeues)
  {
    for (const auto& [origin, expected] : {std::pair(QueueOrigin::Front, std::pair("a", "b")),
                                           std::pair(QueueOrigin::Back, std::pair("e", "d"))})
    {
      IndexTransaction first = Write();
      IndexTransaction second = Write();
      EXPECT_EQ(expected.first, Queues::Dequeue(first, "queue", origin));
      EXPECT_EQ(expected.second, Queues::Dequeue(second, "queue", origin));
      first.transaction.Commit();
      second.transaction.Commit();
    }
  }

  TEST_F(QueuesIsolationTest, ADequeueAndAReservation)
  {
    IndexTransaction first = Write();
    IndexTransaction second = Write();
    const auto reserved = Queues::Reserve(first, "queue", QueueOrigin::Front, 100);
    EXPECT_EQ("b", Queues::Dequeue(second, "queue", QueueOrigin::Front));
    first.transaction.Commit();
    EXPECT_EQ("c", Queues::Dequeue(second, "queue", QueueOrigin::Front));
    Queues::Acknowledge(second, "queue", reserved.value().id);
    EXPECT_EQ(2, Queues::GetSize(second, "queue"));
  }

  TEST_F(QueuesIsolationTest, ARolledBackDequeueGivesTheValueBack)
  {
    {
      IndexTransaction t = Write();
      EXPECT_EQ("a", Queues::Dequeue(t, "queue", QueueOrigin::Front));
    }
    IndexTransaction t = Write();
    EXPECT_EQ("a", Queues::Dequeue(t, "queue", QueueOrigin::Front));
  }
}
