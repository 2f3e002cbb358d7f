// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/AuditLogs.h"
#include "Framework/Plugin/HttpCall.h"

namespace OrthancRegistry
{
  // GET /plugins/postgresql/audit-logs, with the arguments and answers of the stock plugin. Thread-safe.
  class AuditLogsHandler
  {
  public:
    // Both must outlive this object, and the answers until they have been sent.
    AuditLogsHandler(IDatabase& database, const IIndexDialect& dialect);

    HttpAnswer List(const HttpCall& call);

  private:
    IDatabase& database_;
    const IIndexDialect& dialect_;
  };
}
