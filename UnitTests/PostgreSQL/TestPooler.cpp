// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/PostgreSQL/TestPooler.h"

#include <cstdio>
#include <exception>

namespace OrthancRegistry::Testing
{
  TestPooler::TestPooler(const TestServer& server, const std::string& mode, const std::string& options)
      : port_(FindFreePort())
  {
    const std::string folder = folder_.GetPath();
    folder_.Write("users", "\"registry\" \"\"\n");
    folder_.Write("pooler.ini",
                  "[databases]\n* = host=127.0.0.1 port=" + std::to_string(server.GetPort()) +
                      "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " + std::to_string(port_) +
                      "\nunix_socket_dir =\nauth_type = trust\nauth_file = " + folder +
                      "/users\nlogfile = " + folder + "/log\npidfile = " + folder +
                      "/pid\npool_mode = " + mode + "\n" + options + "\n");
    RunAsDatabaseUser("/usr/sbin/pgbouncer -q -d " + folder + "/pooler.ini");
  }

  TestPooler::~TestPooler()
  {
    try
    {
      RunAsDatabaseUser("kill $(cat " + folder_.GetPath().string() + "/pid)");
    }
    catch (const std::exception& error)
    {
      fprintf(stderr, "%s\n", error.what());
    }
  }

  std::string TestPooler::GetUri() const
  {
    return "postgresql://registry@127.0.0.1:" + std::to_string(port_) + "/postgres";
  }
}
