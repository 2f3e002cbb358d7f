// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/FakeCore.h"

#include "Framework/Common/Uuid.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace OrthancRegistry::Testing
{
  namespace
  {
    class FakeOutput : public ICoreOutput
    {
    public:
      explicit FakeOutput(std::string content) : content_(std::move(content))
      {
      }

      OutputDescription GetDescription() const override
      {
        return {"Name.zip", "application/zip", content_.size()};
      }

      std::string_view GetContent() const override
      {
        return content_;
      }

    private:
      std::string content_;
    };
  }

  std::string FakeCore::SubmitJob(const std::string& uri, const std::string& body)
  {
    std::unique_lock lock(mutex_);
    const auto refused = refused_.find(uri);
    if (refused != refused_.end())
    {
      throw RegistryError(refused->second.first, refused->second.second);
    }
    if (observer_)
    {
      observer_(uri, false);
    }
    // The job is there before the caller learns its id.
    const std::string id = Add("ResourceModification", "");
    waiting_++;
    changed_.notify_all();
    changed_.wait(lock,
                  [&]
                  {
                    return !heldBack_.contains(uri);
                  });
    waiting_--;
    submissions_.push_back({uri, body, id});
    if (isFast_)
    {
      jobs_.at(id).state = JobState::Success;
      jobs_.at(id).progress = 100;
    }
    changed_.notify_all();
    return id;
  }

  std::string FakeCore::Add(const std::string& type, const std::string& id)
  {
    CoreJob job;
    job.id = id.empty() ? GenerateUuid() : id;
    job.type = type;
    jobs_[job.id] = job;
    return job.id;
  }

  std::vector<CoreJob> FakeCore::GetJobs()
  {
    const std::lock_guard lock(mutex_);
    listings_++;
    std::vector<CoreJob> listing;
    for (auto& [id, job] : jobs_)
    {
      const auto flag = flags_.find(id);
      if (flag != flags_.end() && job.state == JobState::Running)
      {
        const bool isCancelled = flag->second == JobAction::Cancel;
        job.state = isCancelled ? JobState::Failure : JobState::Paused;
        job.errorCode = isCancelled ? static_cast<int>(ErrorCode::CanceledJob) : job.errorCode;
        flags_.erase(flag);
      }
      else if (isAutomatic_ && job.state == JobState::Pending)
      {
        job.state = JobState::Running;
      }
      else if (isAutomatic_ && job.state == JobState::Running)
      {
        job.state = JobState::Success;
        job.progress = 100;
        NotifyEnd(id);
      }
      listing.push_back(job);
    }
    return listing;
  }

  std::optional<CoreJob> FakeCore::GetJob(const std::string& id)
  {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? std::nullopt : std::make_optional(found->second);
  }

  bool FakeCore::CancelJob(const std::string& id)
  {
    const std::lock_guard lock(mutex_);
    cancelled_.insert(id);
    const auto found = jobs_.find(id);
    if (found == jobs_.end())
    {
      return false;
    }
    if (uncancellable_.contains(id))
    {
      found->second.state = JobState::Success;
    }
    if (!IsEnded(found->second.state) && !stubborn_.contains(id))
    {
      found->second.state = JobState::Failure;
      found->second.errorCode = static_cast<int>(ErrorCode::CanceledJob);
    }
    return true;
  }

  ErrorCode FakeCore::Act(const std::string& id, JobAction action)
  {
    std::unique_lock lock(mutex_);
    actions_.emplace_back(id, action);
    changed_.notify_all();
    changed_.wait(lock,
                  [&]
                  {
                    return !areActionsHeldBack_;
                  });
    const auto found = jobs_.find(id);
    if (found == jobs_.end())
    {
      return ErrorCode::UnknownResource;
    }
    CoreJob& job = found->second;
    if (action == JobAction::Cancel)
    {
      cancelled_.insert(id);
    }
    if (job.state == JobState::Running && (action == JobAction::Cancel || action == JobAction::Pause))
    {
      flags_[id] = action;
      return ErrorCode::Success;
    }
    return Transit(job, action);
  }

  ErrorCode FakeCore::Transit(CoreJob& job, JobAction action)
  {
    switch (action)
    {
    case JobAction::Cancel:
      if (!IsEnded(job.state))
      {
        job.state = JobState::Failure;
        job.errorCode = static_cast<int>(ErrorCode::CanceledJob);
      }
      return ErrorCode::Success;
    case JobAction::Pause:
      job.state = IsEnded(job.state) ? job.state : JobState::Paused;
      return ErrorCode::Success;
    case JobAction::Resume:
      if (job.state != JobState::Paused)
      {
        return ErrorCode::UnknownResource;
      }
      break;
    case JobAction::Resubmit:
      if (job.state != JobState::Failure)
      {
        return ErrorCode::UnknownResource;
      }
      if (job.type == "Archive")
      {
        return ErrorCode::BadSequenceOfCalls;
      }
      job.progress = 0;
      break;
    }
    job.state = JobState::Pending;
    return ErrorCode::Success;
  }

  bool FakeCore::DeleteJob(const std::string& id)
  {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end() || !IsEnded(found->second.state))
    {
      return false;
    }
    jobs_.erase(found);
    return true;
  }

  void FakeCore::HoldBackActions()
  {
    const std::lock_guard lock(mutex_);
    areActionsHeldBack_ = true;
  }

  std::vector<std::pair<std::string, JobAction>> FakeCore::GetActions() const
  {
    const std::lock_guard lock(mutex_);
    return actions_;
  }

  std::unique_ptr<ICoreOutput> FakeCore::GetOutput(const std::string& id, const std::string& key)
  {
    std::unique_lock lock(mutex_);
    outputReads_++;
    changed_.wait(lock,
                  [this]
                  {
                    return !areOutputsHeld_;
                  });
    const auto found = outputs_.find(id);
    return found == outputs_.end() || key != "archive" ? nullptr
                                                       : std::make_unique<FakeOutput>(found->second);
  }

  void FakeCore::SetOutput(const std::string& id, const std::string& content)
  {
    const std::lock_guard lock(mutex_);
    outputs_.erase(id);
    if (!content.empty())
    {
      outputs_[id] = content;
    }
  }

  void FakeCore::HoldOutputs()
  {
    const std::lock_guard lock(mutex_);
    areOutputsHeld_ = true;
  }

  size_t FakeCore::CountOutputReads() const
  {
    const std::lock_guard lock(mutex_);
    return outputReads_;
  }

  void FakeCore::RunByItself()
  {
    const std::lock_guard lock(mutex_);
    isAutomatic_ = true;
  }

  void FakeCore::EndAtOnce()
  {
    const std::lock_guard lock(mutex_);
    isFast_ = true;
  }

  void FakeCore::Observe(Observer observer)
  {
    const std::lock_guard lock(mutex_);
    observer_ = std::move(observer);
  }

  void FakeCore::NotifyEnd(const std::string& id) const
  {
    for (const Submission& submission : submissions_)
    {
      if (observer_ && submission.id == id)
      {
        observer_(submission.uri, true);
      }
    }
  }

  void FakeCore::Refuse(const std::string& uri, ErrorCode code, const std::string& message)
  {
    const std::lock_guard lock(mutex_);
    refused_[uri] = {code, message};
  }

  void FakeCore::Accept(const std::string& uri)
  {
    const std::lock_guard lock(mutex_);
    refused_.erase(uri);
  }

  void FakeCore::HoldBack(const std::string& uri)
  {
    const std::lock_guard lock(mutex_);
    heldBack_.insert(uri);
  }

  void FakeCore::Release()
  {
    {
      const std::lock_guard lock(mutex_);
      heldBack_.clear();
      areActionsHeldBack_ = false;
      areOutputsHeld_ = false;
    }
    changed_.notify_all();
  }

  void FakeCore::EndInSpiteOfCancel(const std::string& id)
  {
    const std::lock_guard lock(mutex_);
    uncancellable_.insert(id);
  }

  void FakeCore::IgnoreCancel(const std::string& id)
  {
    const std::lock_guard lock(mutex_);
    stubborn_.insert(id);
  }

  std::string FakeCore::StartJob(const std::string& type, const std::string& id)
  {
    const std::lock_guard lock(mutex_);
    return Add(type, id);
  }

  void FakeCore::Change(const std::string& id, const std::function<void(CoreJob&)>& change)
  {
    const std::lock_guard lock(mutex_);
    change(jobs_.at(id));
  }

  void FakeCore::Forget(const std::string& id)
  {
    const std::lock_guard lock(mutex_);
    jobs_.erase(id);
  }

  std::vector<FakeCore::Submission> FakeCore::GetSubmissions() const
  {
    const std::lock_guard lock(mutex_);
    return submissions_;
  }

  std::set<std::string> FakeCore::GetCancelled() const
  {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  size_t FakeCore::CountListings() const
  {
    const std::lock_guard lock(mutex_);
    return listings_;
  }

  std::string FakeCore::WaitForSubmission(const std::string& uri)
  {
    std::unique_lock lock(mutex_);
    auto found = submissions_.end();
    const bool isThere = changed_.wait_for(lock, std::chrono::seconds(10),
                                           [&]
                                           {
                                             found = std::find_if(submissions_.begin(), submissions_.end(),
                                                                  [&](const Submission& submission)
                                                                  {
                                                                    return submission.uri == uri;
                                                                  });
                                             return found != submissions_.end();
                                           });
    if (!isThere)
    {
      throw std::runtime_error("Not submitted to the core: " + uri);
    }
    return found->id;
  }

  void FakeCore::WaitForSubmissions(size_t count)
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(10),
                           [&]
                           {
                             return submissions_.size() >= count;
                           }))
    {
      throw std::runtime_error("Fewer than " + std::to_string(count) + " submissions to the core");
    }
  }

  size_t FakeCore::CountHeldBack() const
  {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
}
