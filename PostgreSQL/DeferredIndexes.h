// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "PostgreSQL/PostgreSQLParameters.h"

#include <stop_token>
#include <string>

namespace OrthancRegistry
{
  class IDatabase;
  class PostgreSQLConnection;

  // The indexes that a database still lacks, because it was adopted or made by an older version, and those
  // that others have replaced: built and dropped while Orthanc works, without keeping anybody from writing.
  // One replica does it, the others look again later. What was interrupted is begun again.
  class DeferredIndexes
  {
  public:
    DeferredIndexes(IDatabase& database, const PostgreSQLParameters& parameters);
    ~DeferredIndexes();

    void Start();

    // Cancels what is being built.
    void Stop();

    // Builds what is missing on the thread of the caller, without Start(). DatabaseError if that fails.
    void Finish();

    // One turn now, see BackgroundTask
    bool RunNow(std::chrono::milliseconds patience);

  private:
    std::chrono::milliseconds Turn();
    bool Complete(const PostgreSQLConnection& connection);
    void Ensure(const PostgreSQLConnection& connection, const std::string& name, const std::string& sql);
    void Change(const PostgreSQLConnection& connection, const std::string& sql) const;
    void WarnOnce(const std::string& message);
    bool IsStopping() const;

    IDatabase& database_;
    const PostgreSQLParameters parameters_;
    bool hasWarned_ = false; // used by the thread only
    std::stop_source stop_;
    BackgroundTask task_; // last: its thread uses the others
  };
}
