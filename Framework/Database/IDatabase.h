// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/ISession.h"

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  enum class Engine
  {
    PostgreSQL,
    SQLite
  };

  // A session borrowed from its pool, given back by the destructor. Movable, not copyable.
  class SessionLease
  {
  public:
    using Release = std::function<void(std::unique_ptr<ISession>)>;

    SessionLease(std::unique_ptr<ISession> session, Release release)
        : session_(std::move(session)), release_(std::move(release))
    {
    }

    SessionLease(SessionLease&&) = default;
    SessionLease& operator=(SessionLease&&) = delete;

    ~SessionLease()
    {
      if (session_ != nullptr)
      {
        release_(std::move(session_));
      }
    }

    ISession& GetSession() const
    {
      return *session_;
    }

  private:
    std::unique_ptr<ISession> session_;
    Release release_;
  };

  // A database of one of the engines. Thread-safe. Outlives the sessions it lends.
  class IDatabase
  {
  public:
    virtual ~IDatabase() = default;

    virtual Engine GetEngine() const = 0;

    // An idempotent script that the Migrator runs before anything else, in its exclusive transaction: the
    // table SharedVersions (component TEXT PRIMARY KEY, version INTEGER NOT NULL, compatible INTEGER NOT NULL
    // DEFAULT 0) and, where the engine's session does not bring it along, the function SharedNow().
    virtual std::string_view GetBootstrapScript() const = 0;

    // Waits for a free session and for the database to be reachable, both within the configured limits; then
    // ConnectionLostError.
    virtual SessionLease Acquire(AccessMode mode) = 0;

    // Rows of these tables (lower case) have gone: makes their space free for new ones, if it is much and the
    // engine would come to it too late by itself. May take seconds, but ends at a stop; keeps nobody from
    // reading and writing. What is in the way is logged: the next call tries again. Nothing to do on SQLite,
    // where the next transaction takes the space of deleted rows.
    virtual void ReuseSpace(const std::vector<std::string>& /*tables*/, const std::stop_token& /*stop*/)
    {
    }
  };
}
