// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/LogSync.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"

namespace OrthancRegistry::SQLite
{
  LogSync::LogSync(Sync sync) : sync_(std::move(sync))
  {
  }

  uint64_t LogSync::Add()
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ++last_;
  }

  uint64_t LogSync::GetLast() const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    return last_;
  }

  void LogSync::Wait(uint64_t number)
  {
    std::unique_lock<std::mutex> lock(mutex_);
    while (synced_ < number)
    {
      if (hasFailed_ || (!isRunning_ && !RunSync(lock)))
      {
        throw CommitInDoubtError("SQLite: the disk may not have kept the last changes");
      }
      if (synced_ < number && isRunning_)
      {
        changed_.wait(lock);
      }
    }
  }

  // The first thread that finds no sync running does it for all.
  bool LogSync::RunSync(std::unique_lock<std::mutex>& lock)
  {
    isRunning_ = true;
    const uint64_t covered = last_;
    lock.unlock();
    bool isDone = false;
    try
    {
      sync_();
      isDone = true;
    }
    catch (const std::exception& error)
    {
      LogError("SQLite: nothing more is written until Orthanc is started again: " +
               std::string(error.what()));
    }
    lock.lock();
    isRunning_ = false;
    syncs_++;
    if (isDone)
    {
      synced_ = covered;
    }
    else
    {
      hasFailed_ = true;
    }
    changed_.notify_all();
    return isDone;
  }

  void LogSync::CheckUsable() const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (hasFailed_)
    {
      throw StatementError("SQLite: the disk has failed to keep changes; check it, then restart Orthanc");
    }
  }

  uint64_t LogSync::CountSyncs() const
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    return syncs_;
  }
}
