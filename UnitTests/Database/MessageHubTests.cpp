// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/MessageHub.h"

#include "Framework/Database/Retry.h"
#include "UnitTests/TestDatabases.h"
#include "UnitTests/Waiting.h"

#include <mutex>

namespace OrthancRegistry::Testing
{
  namespace
  {
    class MessageHubTest : public EngineTest
    {
    protected:
      void SetUp() override
      {
        EngineTest::SetUp();
        database_->Migrate("Messages");
      }

      // A channel, and what it has delivered
      struct User
      {
        explicit User(MessageHub& hub) : channel(hub.MakeChannel())
        {
          channel->SetHandler(
              [this](std::string_view message)
              {
                const std::lock_guard lock(mutex);
                messages.emplace_back(message);
              });
        }

        bool WaitFor(const std::string& message)
        {
          return WaitUntil(
              [&]
              {
                const std::lock_guard lock(mutex);
                return std::find(messages.begin(), messages.end(), message) != messages.end();
              });
        }

        size_t Count()
        {
          const std::lock_guard lock(mutex);
          return messages.size();
        }

        std::mutex mutex;
        std::vector<std::string> messages;
        std::unique_ptr<IMessageBus> channel;
      };

      void Publish(IMessageBus& bus, const std::string& message)
      {
        RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                       [&](Transaction& transaction)
                       {
                         bus.Publish(transaction, message);
                       });
      }
    };

    CONFORMANCE_SUITE(MessageHubTest);

    TEST_P(MessageHubTest, AllChannelsHearAllMessages)
    {
      const auto bus = database_->CreateBus();
      MessageHub hub(*bus);
      User first(hub);
      User second(hub);
      first.channel->Start();
      ASSERT_TRUE(first.WaitFor(""));
      second.channel->Start();
      EXPECT_TRUE(second.WaitFor("")); // it may have missed something as well
      Publish(*first.channel, "hello");
      EXPECT_TRUE(first.WaitFor("hello"));
      EXPECT_TRUE(second.WaitFor("hello"));
    }

    TEST_P(MessageHubTest, StoppedChannelHearsNothingWhileOthersDo)
    {
      const auto bus = database_->CreateBus();
      MessageHub hub(*bus);
      User first(hub);
      User second(hub);
      first.channel->Start();
      second.channel->Start();
      ASSERT_TRUE(first.WaitFor(""));
      ASSERT_TRUE(second.WaitFor(""));
      first.channel->Stop();
      const size_t count = first.Count();
      Publish(*first.channel, "hello");
      EXPECT_TRUE(second.WaitFor("hello"));
      EXPECT_EQ(count, first.Count());

      second.channel->Stop(); // the last one: the bus is stopped, and can be started again
      first.channel->Start();
      ASSERT_TRUE(WaitUntil(
          [&]
          {
            return first.Count() > count; // it listens
          }));
      Publish(*first.channel, "again");
      EXPECT_TRUE(first.WaitFor("again"));
    }
  }
}
