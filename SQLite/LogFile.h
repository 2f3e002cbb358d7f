// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "SQLite/SQLiteConnection.h"

#include <memory>
#include <string>

namespace OrthancRegistry::SQLite
{
  // The write-ahead log of a database, on a connection of its own, so that it can be brought to the disk
  // while another connection writes to it. For one thread at a time.
  class LogFile
  {
  public:
    LogFile(std::string path, std::chrono::milliseconds busyTimeout);

    // Unless it is open. The file of the database must exist.
    void Open();

    // All that has been committed is on the disk afterwards. Throws if that cannot be said.
    void Sync();

  private:
    const std::string path_;
    const std::chrono::milliseconds busyTimeout_;
    std::unique_ptr<Connection> connection_;
  };
}
