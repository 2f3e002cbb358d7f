// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "UnitTests/PostgreSQL/TestServer.h"

namespace OrthancRegistry::Testing
{
  // PgBouncer in front of a server, for the user "registry"
  class TestPooler
  {
  public:
    // "mode": "session" or "transaction"; "options": more lines of its configuration
    TestPooler(const TestServer& server, const std::string& mode, const std::string& options = "");
    ~TestPooler();

    TestPooler(const TestPooler&) = delete;
    TestPooler& operator=(const TestPooler&) = delete;

    std::string GetUri() const;

  private:
    DatabaseFolder folder_;
    int port_;
  };
}
