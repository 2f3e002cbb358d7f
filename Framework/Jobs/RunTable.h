// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // A queued job that this replica has claimed. "fence" is carried by each write about this run.
  struct ClaimedJob
  {
    std::string id;
    std::string type;
    std::string destination;
    int attempt = 0;
    int retries = 0; // failed runs before this one
    int crashes = 0; // replicas that died while they ran it
    int64_t fence = 0;
    JobRequest request;
  };

  // The core did not accept the request.
  struct Refusal
  {
    ErrorCode code = ErrorCode::InternalError;
    std::string message;
  };

  struct Run
  {
    ClaimedJob job;
    bool isSubmitting = false;
    std::string localId;   // empty until the core has answered
    bool isPaused = false; // at the core, where it takes no slot
    std::optional<Refusal> refusal;
    std::optional<CoreJob> end; // what the core has said of its end, not written yet
    bool isRecalled = false;    // being cancelled, so that another replica can run the job
    std::chrono::steady_clock::time_point claimed;

    // The core has not been told of it.
    bool IsHeld() const
    {
      return !isSubmitting && localId.empty() && !refusal;
    }

    // It takes a slot of the core.
    bool IsAtCore() const
    {
      return !IsHeld() && !isPaused && !refusal && !end;
    }
  };

  // The queued jobs that this replica has claimed and that have not ended yet, and the ids that its core has
  // given to them. Thread-safe.
  class RunTable
  {
  public:
    // A new claim of a job replaces an earlier one that this replica has lost without noticing.
    void Add(const ClaimedJob& job);

    // False if the run has been removed or replaced meanwhile: not to be submitted.
    bool BeginSubmission(const ClaimedJob& job);

    // False if nobody follows it any more: to be cancelled.
    bool EndSubmission(const ClaimedJob& job, const std::string& localId);
    void RefuseSubmission(const ClaimedJob& job, const Refusal& refusal);

    // The core has ended a run. False if it is none of those that are followed, or has ended already.
    bool SetEnd(const CoreJob& core);

    // Forgets the runs that the core has not been told of for that long. Answers how many they were.
    size_t DropHeld(std::chrono::milliseconds age);

    void Remove(const ClaimedJob& job);

    // This replica does not own the run any more, whose submission may be under way, or just over: what the
    // core makes of it is an orphan.
    void Abandon(const ClaimedJob& job);

    // True if the run takes no slot from now on.
    bool SetPaused(const ClaimedJob& job, bool isPaused);

    // Marks all runs as recalled, and answers them. Those that the core does not know yet are dropped when it
    // has accepted them.
    std::vector<Run> RecallAll();

    // False if the run has been removed or replaced, or if what the core says is due to its recall.
    bool MayWrite(const ClaimedJob& job, const CoreJob& core) const;

    bool Contains(const ClaimedJob& job) const;
    std::vector<Run> GetAll() const;
    size_t CountBusy() const; // without those that are paused, or have ended
    size_t CountHeld() const;
    size_t CountAtCore() const;
    bool IsAnyActive() const;
    bool IsSubmitting() const;
    bool IsUnfinished(const std::string& localId) const;

    // True for ended runs as well
    bool IsRun(const std::string& localId) const;

    // True if a job of the core is none that the core has started by itself, or may be none: it is the run of
    // a queued job, or a submission of that type is under way, whose id is not known yet.
    bool MayBeRun(const std::string& localId, const std::string& type) const;

    // The ids of runs at the core that nobody follows any more, since the last call: to be cancelled.
    std::vector<std::string> TakeOrphans();

    // Forgets the ids of ended runs that the core has listed, and does not list any more.
    void Prune(const std::set<std::string>& idsOfCore);

  private:
    size_t Count(const std::function<bool(const Run&)>& predicate) const;
    Run* Find(const ClaimedJob& job);
    void ForgetSubmission(const ClaimedJob& job);
    const Run* Find(const ClaimedJob& job) const;

    mutable std::mutex mutex_;
    std::map<std::string, Run> runs_;
    std::multiset<std::string> submittedTypes_; // under way, be the run still here or not
    std::map<std::string, bool> localIds_;      // of present and ended runs; true = the core knows it
    std::vector<std::string> orphans_;
  };
}
