// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"

#include <map>
#include <memory>
#include <mutex>

namespace OrthancRegistry
{
  // One message bus for several users: each gets a channel of its own, which is a bus with a handler and a
  // life of its own. All messages reach all channels. The bus is started with the first channel and stopped
  // after the last one. Thread-safe; the bus outlives the hub, which outlives its channels.
  class MessageHub
  {
  public:
    explicit MessageHub(IMessageBus& bus);
    ~MessageHub();

    MessageHub(const MessageHub&) = delete;
    MessageHub& operator=(const MessageHub&) = delete;

    std::unique_ptr<IMessageBus> MakeChannel();

  private:
    class Channel;

    void Add(const Channel& channel, const IMessageBus::Handler& handler);
    void Remove(const Channel& channel);
    void Deliver(std::string_view message);

    IMessageBus& bus_;
    std::mutex lifeMutex_; // of starting and stopping; taken before the other one
    bool isStarted_ = false;

    std::mutex mutex_; // held while the handlers run, so that none does after Remove()
    std::map<const Channel*, IMessageBus::Handler> handlers_;
  };
}
