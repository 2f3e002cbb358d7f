// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Stability/StabilityMessages.h"

#include <charconv>

namespace OrthancRegistry::StabilityMessages
{
  namespace
  {
    constexpr std::string_view UNSTABLE = "unstable:";
    constexpr std::string_view STABLE = "stable:";

    class Publisher
    {
    public:
      Publisher(IMessageBus& bus, Transaction& transaction, std::string_view prefix)
          : bus_(bus), transaction_(transaction), prefix_(prefix), message_(prefix)
      {
      }

      void Add(const std::string& item)
      {
        if (message_.size() + 1 + item.size() > IMessageBus::MAXIMUM_MESSAGE_SIZE)
        {
          Send();
        }
        message_ += (message_.size() == prefix_.size() ? "" : ",") + item;
      }

      void Send()
      {
        if (message_.size() > prefix_.size())
        {
          bus_.Publish(transaction_, message_);
          message_ = prefix_;
        }
      }

    private:
      IMessageBus& bus_;
      Transaction& transaction_;
      std::string_view prefix_;
      std::string message_;
    };

    template <typename Handler>
    void ForEachItem(std::string_view list, Handler handler)
    {
      while (!list.empty())
      {
        const size_t end = std::min(list.find(','), list.size());
        handler(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
      }
    }

    std::optional<int64_t> ParseId(std::string_view text)
    {
      int64_t id = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
      return error == std::errc() && end == text.data() + text.size() ? std::make_optional(id) : std::nullopt;
    }
  }

  void PublishUnstable(IMessageBus& bus, Transaction& transaction,
                       const std::vector<UnstableResource>& resources)
  {
    Publisher publisher(bus, transaction, UNSTABLE);
    for (const UnstableResource& resource : resources)
    {
      publisher.Add(std::to_string(resource.id) + "=" + resource.publicId);
    }
    publisher.Send();
  }

  void PublishStable(IMessageBus& bus, Transaction& transaction, const std::vector<int64_t>& ids)
  {
    Publisher publisher(bus, transaction, STABLE);
    for (const int64_t id : ids)
    {
      publisher.Add(std::to_string(id));
    }
    publisher.Send();
  }

  Content Parse(std::string_view message)
  {
    Content content;
    if (message.starts_with(UNSTABLE))
    {
      ForEachItem(message.substr(UNSTABLE.size()),
                  [&content](std::string_view item)
                  {
                    const size_t equal = std::min(item.find('='), item.size());
                    const auto id = ParseId(item.substr(0, equal));
                    if (id && equal < item.size())
                    {
                      content.unstable.push_back(
                          {*id, ResourceLevel::Patient, std::string(item.substr(equal + 1))});
                    }
                  });
    }
    else if (message.starts_with(STABLE))
    {
      ForEachItem(message.substr(STABLE.size()),
                  [&content](std::string_view item)
                  {
                    if (const auto id = ParseId(item))
                    {
                      content.stable.push_back(*id);
                    }
                  });
    }
    return content;
  }
}
