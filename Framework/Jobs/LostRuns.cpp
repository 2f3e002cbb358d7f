// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/LostRuns.h"

#include "Framework/Common/Logging.h"
#include "Framework/Jobs/RunRecall.h"

#include <iterator>
#include <utility>

namespace OrthancRegistry
{
  LostRuns::LostRuns(RunTable& runs, RunStore& store, CrashRecords& records, ICoreClient& core)
      : runs_(runs), store_(store), records_(records), core_(core)
  {
  }

  void LostRuns::GiveUp(std::chrono::steady_clock::time_point deadline)
  {
    {
      const std::lock_guard lock(mutex_);
      isGivingUp_ = true;
    }
    const std::vector<ClaimedJob> dropped = RecallRuns(runs_, core_, deadline);
    std::string ids;
    for (const ClaimedJob& job : dropped)
    {
      ids += (ids.empty() ? "" : ", ") + job.id;
    }
    if (!dropped.empty())
    {
      LogWarning(
          "Replica " + store_.GetIdentity().serverIdentifier +
          " cannot renew its lease: it has cancelled its runs of these jobs, and others may run them: " +
          ids);
    }
    RestoreLost(dropped);
    const std::lock_guard lock(mutex_);
    isGivingUp_ = false;
  }

  void LostRuns::Add(const ClaimedJob& job)
  {
    RestoreLost({job});
  }

  bool LostRuns::Recover()
  {
    std::vector<ClaimedJob> lost;
    {
      const std::lock_guard lock(mutex_);
      if (isGivingUp_)
      {
        return false;
      }
      lost = std::exchange(lost_, {});
    }
    if (lost.empty())
    {
      return true;
    }
    try
    {
      std::vector<std::string> kept;
      for (const Run& run : runs_.GetAll())
      {
        kept.push_back(run.job.id);
      }
      store_.Release(kept);
      records_.TakeBack(lost);
      return true;
    }
    catch (...)
    {
      RestoreLost(std::move(lost));
      throw;
    }
  }

  void LostRuns::RestoreLost(std::vector<ClaimedJob> lost)
  {
    const std::lock_guard lock(mutex_);
    lost_.insert(lost_.end(), std::make_move_iterator(lost.begin()), std::make_move_iterator(lost.end()));
  }
}
