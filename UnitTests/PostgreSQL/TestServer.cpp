// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/PostgreSQL/TestServer.h"

#include "Framework/Common/Uuid.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace OrthancRegistry::Testing
{
  namespace
  {
    // One quoted word of the shell; the commands of the tests hold no single quote.
    std::string Quote(const std::string& text)
    {
      return "'" + text + "'";
    }

    std::string Run(const std::string& command)
    {
      FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
      if (pipe == nullptr)
      {
        throw std::runtime_error("Cannot run: " + command);
      }
      std::string output;
      std::array<char, 1024> buffer;
      for (size_t size = 0; (size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      {
        output.append(buffer.data(), size);
      }
      if (pclose(pipe) != 0)
      {
        throw std::runtime_error("This command fails: " + command + "\n" + output);
      }
      return output;
    }

    std::string GetPrograms()
    {
      std::string folder = Run("pg_config --bindir");
      folder.pop_back();
      return folder;
    }
  }

  void RunAsDatabaseUser(const std::string& command)
  {
    Run(geteuid() == 0 ? "cd / && runuser -u postgres -- sh -c " + Quote(command) : command);
  }

  int FindFreePort()
  {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const bool isBound = bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0;
    close(descriptor);
    if (!isBound)
    {
      throw std::runtime_error("There is no free port");
    }
    return ntohs(address.sin_port);
  }

  DatabaseFolder::DatabaseFolder()
      : path_(std::filesystem::temp_directory_path() / ("registry-server-" + GenerateUuid()))
  {
    RunAsDatabaseUser("mkdir -m 700 " + path_.string());
  }

  DatabaseFolder::~DatabaseFolder()
  {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  void DatabaseFolder::Write(const std::string& name, const std::string& content) const
  {
    const std::string path = path_ / name;
    RunAsDatabaseUser("touch " + path);
    std::ofstream(path) << content;
  }

  TestServer::TestServer() : port_(FindFreePort())
  {
    const std::string folder = folder_.GetPath();
    RunAsDatabaseUser(GetPrograms() + "/initdb -D " + folder +
                      "/data -U registry -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions");
    Configure("port = " + std::to_string(port_));
    Configure("listen_addresses = '127.0.0.1'");
    Configure("unix_socket_directories = '" + folder + "'");
    Configure("fsync = off");
  }

  TestServer::~TestServer()
  {
    try
    {
      Resume();
      Stop();
    }
    catch (const std::exception& error)
    {
      fprintf(stderr, "%s\n", error.what());
    }
  }

  void TestServer::Configure(const std::string& line) const
  {
    std::ofstream(folder_.GetPath() / "data/postgresql.conf", std::ios::app) << line << '\n';
  }

  void TestServer::Allow(const std::string& line) const
  {
    const std::filesystem::path path = folder_.GetPath() / "data/pg_hba.conf";
    std::stringstream rest;
    rest << std::ifstream(path).rdbuf();
    std::ofstream(path) << line << '\n' << rest.str();
  }

  std::string TestServer::GetControl() const
  {
    const std::string folder = folder_.GetPath();
    return GetPrograms() + "/pg_ctl -s -w -D " + folder + "/data -l " + folder + "/log ";
  }

  void TestServer::Start()
  {
    RunAsDatabaseUser(GetControl() + "start");
    isRunning_ = true;
  }

  void TestServer::Stop()
  {
    if (isRunning_)
    {
      isRunning_ = false;
      RunAsDatabaseUser(GetControl() + "-m immediate stop");
    }
  }

  void TestServer::Follow(const TestServer& primary) const
  {
    const std::string folder = folder_.GetPath();
    RunAsDatabaseUser("rm -rf " + folder + "/data && " + GetPrograms() +
                      "/pg_basebackup --checkpoint=fast --no-sync --write-recovery-conf --pgdata=" + folder +
                      "/data --dbname=\"host=127.0.0.1 user=registry port=" + std::to_string(primary.port_) +
                      "\"");
    Configure("port = " + std::to_string(port_));
    Configure("unix_socket_directories = '" + folder + "'");
  }

  void TestServer::Promote() const
  {
    RunAsDatabaseUser(GetControl() + "promote");
  }

  void TestServer::Signal(const std::string& signal) const
  {
    const std::string file = folder_.GetPath() / "data/postmaster.pid";
    RunAsDatabaseUser("first=$(head -n 1 " + file + ") && kill -" + signal + " $first $(pgrep -P $first)");
  }

  void TestServer::Suspend() const
  {
    Signal("STOP");
  }

  void TestServer::Resume() const
  {
    if (isRunning_)
    {
      Signal("CONT");
    }
  }
}
