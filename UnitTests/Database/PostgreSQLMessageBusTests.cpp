// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "PostgreSQL/PostgreSQLMessageBus.h"
#include "UnitTests/Database/PostgreSQLFixture.h"

#include <mutex>

namespace OrthancRegistry::Testing
{
  class PostgreSQLMessageBusTest : public PostgreSQLTest
  {
  protected:
    std::unique_ptr<PostgreSQLMessageBus> Listen()
    {
      auto bus = std::make_unique<PostgreSQLMessageBus>(parameters_);
      bus->SetHandler(
          [this](std::string_view message)
          {
            const std::lock_guard lock(mutex_);
            messages_.emplace_back(message);
          });
      bus->Start();
      return bus;
    }

    bool WaitForMessages(const std::vector<std::string>& expected)
    {
      return WaitUntil(
          [&]
          {
            const std::lock_guard lock(mutex_);
            return messages_ == expected;
          });
    }

    void Publish(PostgreSQLMessageBus& bus, const std::string& message, bool commit = true)
    {
      Transaction transaction(*database_, AccessMode::ReadWrite);
      bus.Publish(transaction, message);
      transaction.Flush();
      if (commit)
      {
        transaction.Commit();
      }
    }

    int64_t GetListener(const std::string& channel) const
    {
      Transaction transaction(*server_, AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>("SELECT pid FROM pg_stat_activity WHERE query = $1",
                                             "LISTEN \"" + channel + "\"");
    }

    std::mutex mutex_;
    std::vector<std::string> messages_;
  };

  TEST_F(PostgreSQLMessageBusTest, DeliversWhatIsCommitted)
  {
    const auto bus = Listen();
    ASSERT_TRUE(WaitForMessages({""}));
    Publish(*bus, "first");
    Publish(*bus, "undone", false);
    Publish(*bus, "it's \"second\"");
    EXPECT_TRUE(WaitForMessages({"", "first", "it's \"second\""}));
  }

  TEST_F(PostgreSQLMessageBusTest, NotBeforeTheCommit)
  {
    const auto bus = Listen();
    ASSERT_TRUE(WaitForMessages({""}));
    Transaction transaction(*database_, AccessMode::ReadWrite);
    bus->Publish(transaction, "late");
    transaction.Flush();
    Publish(*bus, "early");
    EXPECT_TRUE(WaitForMessages({"", "early"}));
    transaction.Commit();
    EXPECT_TRUE(WaitForMessages({"", "early", "late"}));
  }

  TEST_F(PostgreSQLMessageBusTest, ConnectsAgain)
  {
    const auto bus = Listen();
    ASSERT_TRUE(WaitForMessages({""}));
    TerminateProcess(GetListener("registry_" + parameters_.schema));
    ASSERT_TRUE(WaitForMessages({"", ""}));
    Publish(*bus, "after");
    EXPECT_TRUE(WaitForMessages({"", "", "after"}));
  }

  TEST_F(PostgreSQLMessageBusTest, SchemasAreSeparate)
  {
    const auto bus = Listen();
    ASSERT_TRUE(WaitForMessages({""}));
    PostgreSQLParameters other = parameters_;
    other.schema = "public";
    PostgreSQLMessageBus stranger(other);
    Publish(stranger, "not for us");
    Publish(*bus, "for us");
    EXPECT_TRUE(WaitForMessages({"", "for us"}));
  }

  TEST_F(PostgreSQLMessageBusTest, LongestSchemaName)
  {
    parameters_.schema = std::string(62, 'a') + "b";
    const auto bus = Listen();
    parameters_.schema = std::string(62, 'a') + "c";
    PostgreSQLMessageBus stranger(parameters_);
    ASSERT_TRUE(WaitForMessages({""}));
    Publish(stranger, "not for us");
    Publish(*bus, "for us");
    EXPECT_TRUE(WaitForMessages({"", "for us"}));
  }

  TEST_F(PostgreSQLMessageBusTest, LongMessagesAreRefused)
  {
    PostgreSQLMessageBus bus(parameters_);
    Transaction transaction(*database_, AccessMode::ReadWrite);
    bus.Publish(transaction, std::string(IMessageBus::MAXIMUM_MESSAGE_SIZE, 'x'));
    EXPECT_THROW(bus.Publish(transaction, std::string(IMessageBus::MAXIMUM_MESSAGE_SIZE + 1, 'x')),
                 UsageError);
  }

  TEST_F(PostgreSQLMessageBusTest, StartsAndStops)
  {
    for (int i = 0; i < 20; i++)
    {
      const auto bus = Listen();
      if (i % 2 == 0)
      {
        bus->Stop();
        bus->Start();
      }
    }
  }

  TEST_F(PostgreSQLMessageBusTest, StopsWhileTheServerIsAway)
  {
    parameters_.keywords.emplace_back("port", "1");
    parameters_.connectionRetrySeconds = 1000;
    const auto bus = Listen();
    bus->Stop();
    EXPECT_TRUE(messages_.empty());
  }
}
