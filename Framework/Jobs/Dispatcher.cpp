// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/Dispatcher.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::hours WAIT_FOR_PULSE{1};
  }

  Dispatcher::Dispatcher(size_t slots, RunTable& runs, RunStore& store, CountLocalJobs countLocalJobs,
                         MayClaim mayClaim, OnClaimed onClaimed)
      : slots_(slots), runs_(runs), store_(store), countLocalJobs_(std::move(countLocalJobs)),
        mayClaim_(std::move(mayClaim)), onClaimed_(std::move(onClaimed)), task_("The claim of jobs",
                                                                                [this]
                                                                                {
                                                                                  return Dispatch();
                                                                                })
  {
  }

  void Dispatcher::Start()
  {
    task_.Start();
  }

  void Dispatcher::Stop()
  {
    task_.Stop();
  }

  void Dispatcher::Wake()
  {
    task_.Wake();
  }

  size_t Dispatcher::CountFreeSlots() const
  {
    const size_t used = runs_.GetCount() + countLocalJobs_();
    return used >= slots_ ? 0 : slots_ - used;
  }

  std::chrono::milliseconds Dispatcher::Dispatch()
  {
    if (!mayClaim_())
    {
      return WAIT_FOR_PULSE;
    }
    ReleaseLostClaims();
    for (size_t free = CountFreeSlots(); free > 0 && mayClaim_(); free = CountFreeSlots())
    {
      isClaimInDoubt_ = true; // until the answer is here
      auto claimed = store_.Claim(free);
      if (!mayClaim_())
      {
        break; // so late that others may have them by now
      }
      isClaimInDoubt_ = false;
      for (ClaimedJob& job : claimed)
      {
        runs_.Add(job);
        onClaimed_(job);
      }
      if (claimed.size() < std::min(free, RunStore::MAXIMUM_CLAIM))
      {
        break; // no more work
      }
    }
    return WAIT_FOR_PULSE;
  }

  // A claim whose answer was lost with the connection may have taken jobs that nobody would run.
  void Dispatcher::ReleaseLostClaims()
  {
    if (!isClaimInDoubt_)
    {
      return;
    }
    std::vector<std::string> known;
    for (const Run& run : runs_.GetAll())
    {
      known.push_back(run.job.id);
    }
    store_.Release(known);
    isClaimInDoubt_ = false;
  }
}
