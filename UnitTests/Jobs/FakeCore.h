// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace OrthancRegistry::Testing
{
  // The core of a replica, whose jobs advance when the test tells them to. Thread-safe.
  class FakeCore : public ICoreClient
  {
  public:
    struct Submission
    {
      std::string uri;
      std::string body;
      std::string id;
    };

    std::string SubmitJob(const std::string& uri, const std::string& body) override;
    std::vector<CoreJob> GetJobs() override;
    std::optional<CoreJob> GetJob(const std::string& id) override;
    bool CancelJob(const std::string& id) override;
    ErrorCode Act(const std::string& id, JobAction action) override;
    bool DeleteJob(const std::string& id) override;

    // Actions on jobs hang until Release().
    void HoldBackActions();
    std::vector<std::pair<std::string, JobAction>> GetActions() const; // all, in their order

    std::unique_ptr<ICoreOutput> GetOutput(const std::string& id, const std::string& key) override;

    // A job has an output from now on; an empty one is taken away.
    void SetOutput(const std::string& id, const std::string& content);

    // GetOutput() waits until Release().
    void HoldOutputs();
    size_t CountOutputReads() const;

    // From now on each listing advances each job by one state, up to Success.
    void RunByItself();

    // From now on jobs have ended, in Success, by the time their submission is answered.
    void EndAtOnce();

    // A submission to that URI is refused / held back until Release().
    void Refuse(const std::string& uri, ErrorCode code, const std::string& message);
    void Accept(const std::string& uri); // no longer refused
    void HoldBack(const std::string& uri);
    void Release();

    // A cancellation of that job makes it end in Success: it was in its last step.
    void EndInSpiteOfCancel(const std::string& id);

    // A cancellation of that job has no effect: its step takes long.
    void IgnoreCancel(const std::string& id);

    // Called at each submission, and when a submitted job has come to its end by itself.
    using Observer = std::function<void(const std::string& uri, bool hasEnded)>;
    void Observe(Observer observer);

    // A job that the core has started by itself
    std::string StartJob(const std::string& type, const std::string& id = "");

    void Change(const std::string& id, const std::function<void(CoreJob&)>& change);
    void Forget(const std::string& id);

    std::vector<Submission> GetSubmissions() const;
    std::set<std::string> GetCancelled() const;
    size_t CountListings() const;

    // The id of the run of that URI, once there is one; throws after 10 seconds.
    std::string WaitForSubmission(const std::string& uri);

    // Until there have been so many; throws after 10 seconds.
    void WaitForSubmissions(size_t count);

    // How many submissions wait to be released
    size_t CountHeldBack() const;

  private:
    std::string Add(const std::string& type, const std::string& id);
    void NotifyEnd(const std::string& id) const;
    static ErrorCode Transit(CoreJob& job, JobAction action);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool isAutomatic_ = false;
    bool isFast_ = false;
    Observer observer_;
    std::map<std::string, std::pair<ErrorCode, std::string>> refused_;
    std::set<std::string> heldBack_;
    size_t waiting_ = 0;
    std::map<std::string, std::string> outputs_;
    bool areOutputsHeld_ = false;
    size_t outputReads_ = 0;
    size_t listings_ = 0;
    std::map<std::string, CoreJob> jobs_;
    std::vector<Submission> submissions_;
    std::set<std::string> cancelled_;
    std::set<std::string> uncancellable_;
    std::set<std::string> stubborn_;
    std::map<std::string, JobAction> flags_; // of running jobs, until the end of their step: the next listing
    std::vector<std::pair<std::string, JobAction>> actions_;
    bool areActionsHeldBack_ = false;
  };
}
