// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "PostgreSQL/PostgreSQLParameters.h"

#include <libpq-fe.h>

#include <atomic>

namespace OrthancRegistry
{
  // Of several servers, the one that was found the last time is asked first: while another one is down, a new
  // connection would otherwise wait for its "connect_timeout" before it goes on to the next. For servers of
  // which one only is right (see PostgreSQLConfiguration); otherwise the order of the administrator counts.
  // Shared by all connections of a process, thread-safe.
  class PreferredHost
  {
  public:
    using Keywords = std::vector<std::pair<std::string, std::string>>;

    // The keywords with that host in front of the others
    Keywords Arrange(Keywords keywords) const;

    // To be called with a new connection and the keywords as configured.
    void Remember(const Keywords& keywords, const PGconn* connection);

  private:
    std::atomic<size_t> index_ = 0; // in the lists as configured
  };
}
