// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"

#include <functional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // Short messages between the replicas that share one database and schema: LISTEN/NOTIFY on PostgreSQL, a
  // table and a watcher of the file on SQLite. A message is only a hint that shortens a wait: it can be lost
  // (restart of the database, overload), so whoever waits for one also looks by himself from time to time.
  //
  // Thread-safe, but for SetHandler(), to be called before Start().
  class IMessageBus
  {
  public:
    // Bytes of a message; longer ones are a UsageError (the limit of NOTIFY is 8000).
    static constexpr size_t MAXIMUM_MESSAGE_SIZE = 1000;

    // Called from the thread of the bus, for the messages of all replicas including this one, in the order of
    // the commits. Must be quick and must not throw. The empty message means: messages may have been lost,
    // look at everything (sent after each new connection).
    using Handler = std::function<void(std::string_view message)>;

    virtual ~IMessageBus() = default;

    // Sent when the transaction commits, never when it is rolled back. Not to be used in an ingest
    // transaction: NOTIFY takes a lock of the whole server at commit.
    virtual void Publish(Transaction& transaction, std::string_view message) = 0;

    virtual void SetHandler(Handler handler) = 0;
    virtual void Start() = 0;

    // Returns when no handler runs any more. Called by the destructor as well.
    virtual void Stop() = 0;
  };
}
