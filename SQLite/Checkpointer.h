// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Database/IDatabase.h"
#include "SQLite/SQLiteConnection.h"
#include "SQLite/WriterTurns.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace OrthancRegistry::SQLite
{
  // Moves what is in the write-ahead log to the database, in a thread of its own, which no writer waits for.
  // Thread-safe.
  class Checkpointer
  {
  public:
    // Pages in the log
    static constexpr int PERIOD = 1000;

    // As long as it lives, nobody else of this process writes, and other processes make room.
    class Pause
    {
    public:
      Pause(SessionLease lease, WriterTurns& turns) : lease_(std::move(lease)), waiting_(turns)
      {
      }

    private:
      SessionLease lease_;
      WriterTurns::Waiting waiting_; // ends before the lease does
    };

    using StopWriters = std::function<std::unique_ptr<Pause>()>;

    Checkpointer(std::string path, std::chrono::milliseconds busyTimeout, StopWriters stopWriters);

    // A transaction has been committed; the log now has so many pages. Called while nobody else can write in
    // this process.
    void OnCommit(int pages) noexcept;

    uint64_t CountRuns() const
    {
      return runs_;
    }

  private:
    void Wake() noexcept;
    std::chrono::milliseconds Run();
    void Copy(int mode);

    const std::string path_;
    const std::chrono::milliseconds busyTimeout_;
    const StopWriters stopWriters_;
    int pages_ = 0;    // at the last commit
    int due_ = PERIOD; // pages of the next run
    std::atomic<uint64_t> runs_ = 0;
    std::unique_ptr<Connection> connection_; // of the thread
    BackgroundTask task_;                    // the last, so that it ends first
  };
}
