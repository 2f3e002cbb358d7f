// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Time.h"
#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry
{
  // What somebody has done with a resource, as another plugin reports it
  struct AuditLog
  {
    std::string sourcePlugin;
    std::string userId;
    int resourceType = 0; // of the core: 0 to 3 for patient to instance, 4 for none
    std::string resourceId;
    std::string action;
    std::optional<Binary> data;
  };

  struct StoredAuditLog
  {
    Timestamp moment = 0; // of the clock of the database
    AuditLog log;
  };

  // Which audit logs are read: those that have all the values that are given
  struct AuditLogsFilter
  {
    std::optional<std::string> userId;
    std::optional<std::string> resourceId;
    std::optional<std::string> action;
    std::optional<Timestamp> from;  // that moment or later
    std::optional<Timestamp> until; // before that moment
    int64_t since = 0;              // so many are left out at the beginning
    int64_t limit = 0;              // 0: all
  };

  namespace AuditLogs
  {
    // Text that cannot be stored is made storable, an identifier longer than the schema allows is cut.
    void Record(Transaction& transaction, const AuditLog& log);
  }

  // Reads audit logs from the oldest to the newest, piece by piece, each in a transaction of its own: a slow
  // client holds none open, and what is recorded meanwhile is seen. Not thread-safe.
  class AuditLogsReader
  {
  public:
    // Both must outlive this object.
    AuditLogsReader(IDatabase& database, const IIndexDialect& dialect, AuditLogsFilter filter);

    // The next ones, empty at the end
    std::vector<StoredAuditLog> ReadPiece();

    // Whether it is known that nothing comes any more
    bool IsAtEnd() const
    {
      return isAtEnd_;
    }

  private:
    IDatabase& database_;
    AuditLogsSql sql_;
    AuditLogsFilter filter_;
    std::string row_; // the last one that was read
    bool isAtEnd_ = false;
  };
}
