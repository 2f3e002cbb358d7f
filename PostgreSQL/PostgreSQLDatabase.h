// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "PostgreSQL/PostgreSQLParameters.h"

#include <memory>

namespace OrthancRegistry
{
  // A PostgreSQL server (13 to 18), over a pool of connections. Thread-safe. Connections are made on demand.
  class PostgreSQLDatabase : public IDatabase
  {
  public:
    explicit PostgreSQLDatabase(const PostgreSQLParameters& parameters);
    ~PostgreSQLDatabase() override;

    Engine GetEngine() const override
    {
      return Engine::PostgreSQL;
    }

    std::string_view GetBootstrapScript() const override;
    SessionLease Acquire(AccessMode mode) override;
    void ReuseSpace(const std::vector<std::string>& tables, const std::stop_token& stop) override;

    size_t GetOpenConnections() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
  };
}
