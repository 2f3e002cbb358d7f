// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "UnitTests/TestDatabases.h"
#include "UnitTests/Waiting.h"

#include <atomic>
#include <mutex>
#include <thread>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

namespace
{
  // A bus, and what it has delivered
  class Listener
  {
  public:
    explicit Listener(TestDatabase& database) : bus_(database.CreateBus())
    {
      bus_->SetHandler(
          [this](std::string_view message)
          {
            const std::lock_guard<std::mutex> lock(mutex_);
            messages_.emplace_back(message);
          });
    }

    IMessageBus& GetBus()
    {
      return *bus_;
    }

    std::vector<std::string> GetMessages()
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      return messages_;
    }

    // Until it has said that it listens
    void Start()
    {
      bus_->Start();
      ASSERT_TRUE(WaitFor(1));
      EXPECT_EQ("", GetMessages()[0]);
    }

    bool WaitFor(size_t count)
    {
      return WaitUntil(
          [&]
          {
            return GetMessages().size() >= count;
          });
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> messages_;
    std::unique_ptr<IMessageBus> bus_;
  };
}

class DatabaseMessageBus : public EngineTest
{
protected:
  void SetUp() override
  {
    EngineTest::SetUp();
    Migrator(GetDatabase(), "None", {}).Run();
    database_->Migrate("Messages");
  }

  static void Publish(IMessageBus& bus, IDatabase& database, const std::string& message)
  {
    RunTransaction(database, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     bus.Publish(transaction, message);
                   });
  }
};

CONFORMANCE_SUITE(DatabaseMessageBus);

TEST_P(DatabaseMessageBus, DeliversInOrderOfCommitsToAll)
{
  Listener first(*database_);
  Listener second(*database_);
  first.Start();
  second.Start();
  const auto elsewhere = database_->Connect();

  std::vector<std::string> expected = {""};
  for (int i = 0; i < 100; i++)
  {
    expected.push_back("message " + std::to_string(i) + " \xe2\x82\xac 'quoted' \\");
    Publish(first.GetBus(), i % 2 == 0 ? GetDatabase() : *elsewhere, expected.back());
  }
  EXPECT_TRUE(first.WaitFor(expected.size()));
  EXPECT_TRUE(second.WaitFor(expected.size()));
  EXPECT_EQ(expected, first.GetMessages());
  EXPECT_EQ(expected, second.GetMessages());
}

TEST_P(DatabaseMessageBus, SeveralMessagesInOneTransaction)
{
  Listener listener(*database_);
  listener.Start();
  RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                 [&](Transaction& transaction)
                 {
                   listener.GetBus().Publish(transaction, "a");
                   listener.GetBus().Publish(transaction, "b");
                   listener.GetBus().Publish(transaction, "c");
                 });
  EXPECT_TRUE(listener.WaitFor(4));
  EXPECT_EQ((std::vector<std::string>{"", "a", "b", "c"}), listener.GetMessages());
}

TEST_P(DatabaseMessageBus, DeliversNothingThatIsRolledBack)
{
  Listener listener(*database_);
  listener.Start();
  {
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    listener.GetBus().Publish(transaction, "undone");
    transaction.Flush();
  }
  Publish(listener.GetBus(), GetDatabase(), "kept");
  EXPECT_TRUE(listener.WaitFor(2));
  EXPECT_EQ((std::vector<std::string>{"", "kept"}), listener.GetMessages());
}

TEST_P(DatabaseMessageBus, DeliversNothingBeforeTheCommit)
{
  Listener listener(*database_);
  listener.Start();
  Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
  listener.GetBus().Publish(transaction, "message");
  transaction.Flush();
  EXPECT_EQ(1u, listener.GetMessages().size());
  transaction.Commit();
  EXPECT_TRUE(listener.WaitFor(2));
}

TEST_P(DatabaseMessageBus, SizeIsLimited)
{
  Listener listener(*database_);
  listener.Start();
  const std::string longest(IMessageBus::MAXIMUM_MESSAGE_SIZE, 'x');
  Publish(listener.GetBus(), GetDatabase(), longest);
  EXPECT_TRUE(listener.WaitFor(2));
  EXPECT_EQ(longest, listener.GetMessages().back());
  EXPECT_THROW(Publish(listener.GetBus(), GetDatabase(), longest + "x"), UsageError);
}

TEST_P(DatabaseMessageBus, StopsWhileMessagesFlow)
{
  Listener publisher(*database_);
  std::jthread flood(
      [&](const std::stop_token& stop)
      {
        while (!stop.stop_requested())
        {
          Publish(publisher.GetBus(), GetDatabase(), "flood");
        }
      });
  Listener listener(*database_);
  listener.Start();
  EXPECT_TRUE(listener.WaitFor(10));
  listener.GetBus().Stop();
  const size_t count = listener.GetMessages().size();
  Publish(publisher.GetBus(), GetDatabase(), "after the stop");
  EXPECT_EQ(count, listener.GetMessages().size());
}

TEST_P(DatabaseMessageBus, StartsAndStopsAgainAndAgain)
{
  Listener listener(*database_);
  for (int i = 0; i < 30; i++)
  {
    listener.GetBus().Start();
    if (i % 3 == 0)
    {
      Publish(listener.GetBus(), GetDatabase(), "message");
    }
    listener.GetBus().Stop();
  }
  listener.GetBus().Stop(); // once more does no harm

  const size_t count = listener.GetMessages().size();
  listener.GetBus().Start();
  EXPECT_TRUE(listener.WaitFor(count + 1));
  EXPECT_EQ("", listener.GetMessages()[count]);
}

TEST_P(DatabaseMessageBus, IsNotNeededToPublish)
{
  const auto bus = database_->CreateBus();
  Publish(*bus, GetDatabase(), "nobody listens");
}
