// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/Dispatcher.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    using std::chrono::milliseconds;

    constexpr std::chrono::hours WAIT_FOR_PULSE{1};
    constexpr std::chrono::seconds WATCHED{2}; // until then a timer is more exact than the next heartbeat
    constexpr milliseconds FIRST_CONTENTION_WAIT{5};
    constexpr milliseconds LOCKED_WAIT{100};
    constexpr unsigned int MAXIMUM_CONTENTION_DOUBLINGS = 7;
    constexpr int64_t NEVER = std::numeric_limits<int64_t>::max();

    int64_t GetSteadyMicroseconds()
    {
      return std::chrono::duration_cast<std::chrono::microseconds>(
                 std::chrono::steady_clock::now().time_since_epoch())
          .count();
    }
  }

  Dispatcher::Dispatcher(size_t slots, ClaimAhead* ahead, RunTable& runs, RunStore& store, ClaimStore& claims,
                         PutOffStore& putOff, CountLocalJobs countLocalJobs, Lease lease, OnClaimed onClaimed)
      : slots_(slots), ahead_(ahead), runs_(runs), store_(store), claims_(claims), putOff_(putOff),
        countLocalJobs_(std::move(countLocalJobs)), lease_(std::move(lease)),
        onClaimed_(std::move(onClaimed)), task_("The claim of jobs",
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

  // With those that wait for a slot
  size_t Dispatcher::CountUsedSlots() const
  {
    return runs_.CountBusy() + countLocalJobs_();
  }

  // Not for each slot that becomes free as long as there is something to run: one claim costs as much as
  // many.
  size_t Dispatcher::CountClaimable(size_t used) const
  {
    const size_t ahead = ahead_ == nullptr ? 0 : ahead_->Get(ClaimAhead::Clock::now());
    const size_t capacity = slots_ + ahead;
    const bool isEnoughHeld = used >= slots_ && runs_.CountHeld() > ahead / 2;
    return isEnoughHeld || used >= capacity ? 0 : capacity - used;
  }

  void Dispatcher::SetNextDue(std::chrono::microseconds untilDue)
  {
    nextDue_ = GetSteadyMicroseconds() + untilDue.count();
    if (untilDue < WATCHED)
    {
      task_.Wake();
    }
  }

  milliseconds Dispatcher::Dispatch()
  {
    if (!MayClaim())
    {
      return WAIT_FOR_PULSE;
    }
    const milliseconds untilHandBack = HandBackHeld();
    ReleaseLostClaims();
    const milliseconds untilDue = std::min(PromoteDue(), untilHandBack);
    if (!ClaimAll())
    {
      contentions_ = 0;
      return runs_.CountHeld() > 0 ? std::min(untilDue, ClaimAhead::PATIENCE) : untilDue;
    }
    const milliseconds wait = FIRST_CONTENTION_WAIT * (1 << contentions_);
    contentions_ = std::min(contentions_ + 1, MAXIMUM_CONTENTION_DOUBLINGS);
    return std::min(wait, untilDue);
  }

  // Answers how long it is to the next time that may come before a heartbeat tells it.
  milliseconds Dispatcher::PromoteDue()
  {
    if (nextDue_ <= GetSteadyMicroseconds())
    {
      nextDue_ = NEVER;
      if (const auto untilDue = putOff_.PromoteDue())
      {
        // What is due already is locked by somebody else right now
        nextDue_ =
            GetSteadyMicroseconds() + std::max<std::chrono::microseconds>(*untilDue, LOCKED_WAIT).count();
      }
    }
    const int64_t due = nextDue_;
    if (due == NEVER)
    {
      return WAIT_FOR_PULSE;
    }
    const std::chrono::microseconds rest(std::max<int64_t>(due - GetSteadyMicroseconds(), 0));
    return std::min<milliseconds>(std::chrono::ceil<milliseconds>(rest), WAIT_FOR_PULSE);
  }

  bool Dispatcher::MayClaim() const
  {
    return lease_.isHeld() && lease_.recover();
  }

  // Answers true if there may be more to claim in a moment.
  bool Dispatcher::ClaimAll()
  {
    for (;;)
    {
      const size_t used = CountUsedSlots();
      const size_t claimable = CountClaimable(used);
      if (claimable == 0 || !MayClaim())
      {
        return false;
      }
      isClaimInDoubt_ = true; // until the answer is here
      ClaimAnswer answer = claims_.Claim(claimable);
      if (!lease_.isHeld())
      {
        return false; // so late that others may have them by now
      }
      isClaimInDoubt_ = false;
      const bool isMore = answer.jobs.size() == std::min(claimable, ClaimStore::MAXIMUM_CLAIM);
      Take(std::move(answer.jobs), slots_ - std::min(slots_, used));
      if (answer.isContended || !isMore)
      {
        return answer.isContended;
      }
    }
  }

  // What may have ended a replica is claimed with nothing but what runs beside it.
  void Dispatcher::Take(std::vector<ClaimedJob> jobs, size_t freeSlots)
  {
    const bool isAnySuspect = std::any_of(jobs.begin(), jobs.end(),
                                          [](const ClaimedJob& job)
                                          {
                                            return job.crashes > 0;
                                          });
    if (ahead_ != nullptr && isAnySuspect)
    {
      ahead_->Suspend(ClaimAhead::Clock::now());
      isClaimInDoubt_ = jobs.size() > freeSlots;
      jobs.resize(std::min(jobs.size(), freeSlots));
    }
    for (ClaimedJob& job : jobs)
    {
      runs_.Add(job);
      onClaimed_(job);
    }
    ReleaseLostClaims();
  }

  // Jobs that have been claimed ahead, and have not got a slot in time: others may have one. Answers when to
  // look again.
  milliseconds Dispatcher::HandBackHeld()
  {
    const bool isFull = runs_.CountAtCore() + countLocalJobs_() >= slots_;
    if (isFull && runs_.DropHeld(ClaimAhead::PATIENCE) > 0)
    {
      isClaimInDoubt_ = true;
    }
    return runs_.CountHeld() > 0 ? ClaimAhead::PATIENCE : milliseconds(WAIT_FOR_PULSE);
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
