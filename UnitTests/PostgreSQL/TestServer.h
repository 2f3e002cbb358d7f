// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace OrthancRegistry::Testing
{
  // Runs a command of the shell, as the user "postgres" if this process belongs to root (PostgreSQL refuses
  // to run as root). std::runtime_error with what the command has said if it fails.
  void RunAsDatabaseUser(const std::string& command);

  // Of 127.0.0.1
  int FindFreePort();

  // A folder of that user, removed at the end with all that is in it
  class DatabaseFolder
  {
  public:
    DatabaseFolder();
    ~DatabaseFolder();

    DatabaseFolder(const DatabaseFolder&) = delete;
    DatabaseFolder& operator=(const DatabaseFolder&) = delete;

    const std::filesystem::path& GetPath() const
    {
      return path_;
    }

    // Readable by that user and by this process
    void Write(const std::string& name, const std::string& content) const;

  private:
    std::filesystem::path path_;
  };

  // A PostgreSQL server of its own, on a free port of 127.0.0.1, with the superuser "registry" and the
  // database "postgres"; anybody on this machine may connect. For tests that need another server than the one
  // of TestDatabase, or one that can be stopped.
  class TestServer
  {
  public:
    // Does not start it yet.
    TestServer();
    ~TestServer();

    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    const DatabaseFolder& GetFolder() const
    {
      return folder_;
    }

    int GetPort() const
    {
      return port_;
    }

    // A line more in postgresql.conf, and in pg_hba.conf before all others
    void Configure(const std::string& line) const;
    void Allow(const std::string& line) const;

    void Start();
    void Stop();

    // Instead of what it holds, becomes a copy of another one that is running, and follows it once it is
    // started. Not to be started before.
    void Follow(const TestServer& primary) const;

    // Goes on by itself.
    void Promote() const;

    // All its processes, from outside
    void Suspend() const;
    void Resume() const;

  private:
    void Signal(const std::string& signal) const;
    std::string GetControl() const;

    DatabaseFolder folder_;
    int port_;
    bool isRunning_ = false;
  };
}
