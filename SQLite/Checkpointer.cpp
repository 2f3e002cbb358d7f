// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/Checkpointer.h"

#include "Framework/Common/Logging.h"

#include <algorithm>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    constexpr std::chrono::hours IDLE_WAIT(1);
    constexpr std::chrono::milliseconds PATIENCE(50); // with other processes and readers, while writers wait
  }

  Checkpointer::Checkpointer(std::string path, std::chrono::milliseconds busyTimeout, StopWriters stopWriters)
      : path_(std::move(path)), busyTimeout_(busyTimeout), stopWriters_(std::move(stopWriters)),
        task_("The checkpointer of SQLite",
              [this]
              {
                return Run();
              })
  {
  }

  void Checkpointer::OnCommit(int pages) noexcept
  {
    if (pages < pages_)
    {
      due_ = PERIOD; // the log has been begun anew
    }
    pages_ = pages;
    if (pages >= due_)
    {
      // If long readers keep the log from being begun anew, trying more often would only stop the writers
      due_ = pages + std::max(PERIOD, pages / 2);
      Wake();
    }
  }

  // What is committed is committed, whatever happens here.
  void Checkpointer::Wake() noexcept
  {
    try
    {
      task_.Start(); // unless it runs
      task_.Wake();
    }
    catch (const std::exception& error)
    {
      LogError("SQLite: the write-ahead log grows: " + std::string(error.what()));
    }
  }

  // The log is begun anew only when all of it has been copied and nobody reads it, which hardly ever happens
  // while others write: so the bulk is copied beside them, and what they have added meanwhile, which is
  // little, while they wait.
  std::chrono::milliseconds Checkpointer::Run()
  {
    if (connection_ == nullptr || !connection_->IsUsable())
    {
      connection_.reset();
      connection_ = std::make_unique<Connection>(path_, ConnectionKind::Writer, busyTimeout_);
      connection_->SetBusyTimeout(PATIENCE);
    }
    runs_++;
    Copy(SQLITE_CHECKPOINT_PASSIVE);
    const auto pause = stopWriters_();
    Copy(SQLITE_CHECKPOINT_RESTART);
    return IDLE_WAIT;
  }

  void Checkpointer::Copy(int mode)
  {
    const int code = sqlite3_wal_checkpoint_v2(connection_->Get(), "main", mode, nullptr, nullptr);
    if (code != SQLITE_BUSY) // others still read what is older, or are at it themselves
    {
      connection_->Check(code);
    }
  }
}
