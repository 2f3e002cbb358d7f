// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Database/Migrator.h"
#include "Framework/Index/IIndexDialect.h"

#include <json/value.h>

#include <optional>
#include <string>

namespace OrthancRegistry
{
  // What an engine brings to its index plugin. Not thread-safe; the objects it hands out are.
  class IIndexEngine
  {
  public:
    struct Settings
    {
      bool isEnabled = false;
      uint32_t maximumRetries = 10;         // of a transaction that another one was in the way of
      unsigned int housekeepingSeconds = 1; // pause between two turns
      std::string auditLogsRoute;           // where audit logs can be read
    };

    virtual ~IIndexEngine() = default;

    // Called once and first. Reads the section of the engine from the whole configuration of Orthanc, and if
    // it is enabled makes the objects below, without connecting to the database. RegistryError if an option
    // is wrong.
    virtual Settings Configure(const Json::Value& configuration) = 0;

    // Called when the core opens the database, before the migrations: connects, checks what can be checked,
    // and takes the locks that the configuration asks for. RegistryError keeps Orthanc from starting.
    virtual void Open() = 0;

    // Called after Open(), before the migrations, unless Orthanc may only read: brings a database that
    // another plugin has made to where the migrations can go on. RegistryError keeps Orthanc from starting.
    virtual void Adopt()
    {
    }

    // Called after the migrations, unless Orthanc may only read: builds the indexes that they and Adopt()
    // have left for later, in the background, or at once if "isNow".
    virtual void CompleteIndexes(bool /*isNow*/)
    {
    }

    // The reverse of Open(), Adopt() and CompleteIndexes().
    virtual void Close() = 0;

    virtual IDatabase& GetDatabase() = 0;
    virtual const IIndexDialect& GetDialect() const = 0;
    virtual IMessageBus& GetBus() = 0;

    // How many connections to a database server are open, nothing if there is no server
    virtual std::optional<size_t> CountConnections() const = 0;

    // Empty if the engine needs no schema for that component ("Index", "Messages", "Jobs").
    virtual std::span<const Migration> GetMigrations(std::string_view component) const = 0;
  };
}
