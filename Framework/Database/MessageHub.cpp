// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/MessageHub.h"

namespace OrthancRegistry
{
  class MessageHub::Channel : public IMessageBus
  {
  public:
    explicit Channel(MessageHub& hub) : hub_(hub)
    {
    }

    ~Channel() override
    {
      hub_.Remove(*this);
    }

    void Publish(Transaction& transaction, std::string_view message) override
    {
      hub_.bus_.Publish(transaction, message);
    }

    void SetHandler(Handler handler) override
    {
      handler_ = std::move(handler);
    }

    void Start() override
    {
      hub_.Add(*this, handler_);
    }

    void Stop() override
    {
      hub_.Remove(*this);
    }

  private:
    MessageHub& hub_;
    Handler handler_;
  };

  MessageHub::MessageHub(IMessageBus& bus) : bus_(bus)
  {
    bus_.SetHandler(
        [this](std::string_view message)
        {
          Deliver(message);
        });
  }

  MessageHub::~MessageHub()
  {
    bus_.Stop();
  }

  std::unique_ptr<IMessageBus> MessageHub::MakeChannel()
  {
    return std::make_unique<Channel>(*this);
  }

  // Whoever joins a bus that runs already is told to look at everything, like after a new connection.
  void MessageHub::Add(const Channel& channel, const IMessageBus::Handler& handler)
  {
    const std::lock_guard lifeLock(lifeMutex_);
    {
      const std::lock_guard lock(mutex_);
      if (!handler || !handlers_.emplace(&channel, handler).second)
      {
        return;
      }
      if (isStarted_)
      {
        handler("");
      }
    }
    if (!isStarted_)
    {
      bus_.Start();
      isStarted_ = true;
    }
  }

  void MessageHub::Remove(const Channel& channel)
  {
    const std::lock_guard lifeLock(lifeMutex_);
    bool isLast = false;
    {
      const std::lock_guard lock(mutex_);
      isLast = handlers_.erase(&channel) > 0 && handlers_.empty();
    }
    if (isLast)
    {
      bus_.Stop();
      isStarted_ = false;
    }
  }

  void MessageHub::Deliver(std::string_view message)
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [channel, handler] : handlers_)
    {
      handler(message);
    }
  }
}
