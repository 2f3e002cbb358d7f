// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "PostgreSQL/PostgreSQLParameters.h"

#include <memory>

namespace OrthancRegistry
{
  // LISTEN/NOTIFY on one connection of its own, on a channel named after the schema.
  class PostgreSQLMessageBus : public IMessageBus
  {
  public:
    explicit PostgreSQLMessageBus(const PostgreSQLParameters& parameters);
    ~PostgreSQLMessageBus() override;

    void Publish(Transaction& transaction, std::string_view message) override;
    void SetHandler(Handler handler) override;
    void Start() override;
    void Stop() override;

    // Without LISTEN, for want of a session that lasts: says each second that messages may have been lost. To
    // be called before Start().
    void Poll();

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
  };
}
