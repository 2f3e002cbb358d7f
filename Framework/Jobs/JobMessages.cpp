// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobMessages.h"

#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  void Announce(IDatabase& database, IMessageBus& bus, const std::string& message)
  {
    RunTransaction(database, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     bus.Publish(transaction, message);
                   });
  }

  void PublishChanges(IMessageBus& bus, Transaction& transaction, const std::vector<std::string>& ids)
  {
    if (ids.empty())
    {
      return;
    }
    std::string message(MESSAGE_CHANGED);
    char separator = ':';
    for (const std::string& id : ids)
    {
      if (message.size() + 1 + id.size() > IMessageBus::MAXIMUM_MESSAGE_SIZE)
      {
        message = MESSAGE_CHANGED;
        break;
      }
      message += separator;
      message += id;
      separator = ',';
    }
    bus.Publish(transaction, message);
  }

  bool ParseChanges(std::string_view message, std::vector<std::string_view>& ids)
  {
    ids.clear();
    if (message.empty() || message == MESSAGE_CHANGED)
    {
      return true;
    }
    if (!message.starts_with(MESSAGE_CHANGED) || message[MESSAGE_CHANGED.size()] != ':')
    {
      return false;
    }
    message.remove_prefix(MESSAGE_CHANGED.size() + 1);
    for (;;)
    {
      const size_t end = message.find(',');
      ids.push_back(message.substr(0, end));
      if (end == std::string_view::npos)
      {
        return true;
      }
      message.remove_prefix(end + 1);
    }
  }
}
