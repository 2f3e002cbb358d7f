// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/LogFile.h"

#include "Framework/Database/DatabaseErrors.h"

namespace OrthancRegistry::SQLite
{
  LogFile::LogFile(std::string path, std::chrono::milliseconds busyTimeout)
      : path_(std::move(path)), busyTimeout_(busyTimeout)
  {
  }

  void LogFile::Open()
  {
    if (connection_ != nullptr)
    {
      return;
    }
    auto connection = std::make_unique<Connection>(path_, ConnectionKind::Reader, busyTimeout_);
    connection->Execute("SELECT 1 FROM sqlite_schema LIMIT 1"); // opens the log
    connection_ = std::move(connection);
  }

  // Nobody can put another log in its place as long as this connection is open.
  void LogFile::Sync()
  {
    sqlite3_file* file = nullptr;
    connection_->Check(sqlite3_file_control(connection_->Get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file));
    if (file == nullptr || file->pMethods == nullptr)
    {
      throw StatementError("SQLite: the write-ahead log is not open");
    }
    if (file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) != SQLITE_OK)
    {
      throw StatementError("SQLite: the disk has refused to keep the write-ahead log");
    }
  }
}
