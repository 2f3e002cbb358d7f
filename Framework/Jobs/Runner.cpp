// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/Runner.h"

#include "Framework/Common/Logging.h"

namespace OrthancRegistry
{
  Runner::Runner(size_t threads, RunTable& runs, ICoreClient& core, Handlers handlers)
      : threadsCount_(threads), runs_(runs), core_(core), handlers_(std::move(handlers))
  {
  }

  Runner::~Runner()
  {
    Stop();
  }

  void Runner::Start()
  {
    while (threads_.size() < threadsCount_)
    {
      threads_.emplace_back(
          [this](const std::stop_token& stop)
          {
            Loop(stop);
          });
    }
  }

  void Runner::Stop()
  {
    for (std::jthread& thread : threads_)
    {
      thread.request_stop();
    }
    threads_.clear();
    const std::lock_guard lock(mutex_);
    queue_.clear();
  }

  void Runner::Push(ClaimedJob job)
  {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

  void Runner::Wake()
  {
    {
      const std::lock_guard lock(mutex_); // whoever finds no slot waits before this can be missed
    }
    changed_.notify_one();
  }

  void Runner::Loop(const std::stop_token& stop)
  {
    for (;;)
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop,
                    [this]
                    {
                      return !queue_.empty() && handlers_.hasSlot();
                    });
      if (stop.stop_requested())
      {
        return;
      }
      const ClaimedJob job = std::move(queue_.front());
      queue_.pop_front();
      const bool isBegun = runs_.BeginSubmission(job);
      lock.unlock();
      changed_.notify_one(); // there may be more of both
      if (isBegun)
      {
        Submit(job);
      }
    }
  }

  void Runner::Submit(const ClaimedJob& job)
  {
    try
    {
      const std::string localId = core_.SubmitJob(job.request.uri, job.request.body);
      if (runs_.EndSubmission(job, localId))
      {
        handlers_.onAccepted(localId);
        return;
      }
      core_.CancelJob(localId); // at once: whoever follows the jobs may hang in the database
    }
    catch (const RegistryError& error)
    {
      LogWarning("The core has refused job " + job.id + ": " + error.what());
      runs_.RefuseSubmission(job, {error.GetCode(), error.what()});
    }
    catch (const std::exception& error)
    {
      LogError("Job " + job.id + " cannot be submitted to the core: " + error.what());
      runs_.RefuseSubmission(job, {ErrorCode::InternalError, error.what()});
    }
    handlers_.onRefused();
  }
}
