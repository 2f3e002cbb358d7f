// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/AuditLogsHandler.h"
#include "Framework/Plugin/RestEdge.h"

#include <shared_mutex>

namespace OrthancRegistry
{
  // The audit logs that other plugins emit (from Orthanc 1.12.9 on): records them, and serves the route that
  // shows them. Also in an Orthanc with the option "ReadOnly", as far as the database lets it write.
  // Thread-safe.
  class AuditLogging
  {
  public:
    // To be called in OrthancPluginInitialize().
    explicit AuditLogging(const std::string& route);

    ~AuditLogging();

    AuditLogging(const AuditLogging&) = delete;
    AuditLogging& operator=(const AuditLogging&) = delete;

    // Both must outlive this object, or Close().
    void Open(IDatabase& database, const IIndexDialect& dialect);
    void Close();

    // Returns once it is durable. What cannot be recorded is an error, for the log of Orthanc: who emits an
    // audit log is not told.
    void Record(const AuditLog& log);

  private:
    RestEdge<AuditLogsHandler> edge_;
    std::shared_mutex mutex_; // shared by those who use database_
    IDatabase* database_ = nullptr;
  };
}
