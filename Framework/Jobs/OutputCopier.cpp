// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/OutputCopier.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t THREADS = 4;
    constexpr uint64_t MEGABYTE = uint64_t{1024} * 1024;
    constexpr uint64_t SIZE_TOGETHER = 512 * MEGABYTE;                      // of what is copied at a time
    constexpr uint64_t SIZE_OF_CORE = std::numeric_limits<uint32_t>::max(); // that the SDK can hand over
    constexpr unsigned int DATABASE_ATTEMPTS = 30;
    constexpr std::chrono::seconds DATABASE_PAUSE{1};
    constexpr unsigned int ROW_ATTEMPTS = 100; // until the watcher has written the row of a local job
    constexpr std::chrono::milliseconds ROW_PAUSE{20};

    uint64_t GetExpectedSize(const CoreJob& job)
    {
      uint64_t size = 0;
      if (job.content.isObject() && job.content["ArchiveSize"].isString())
      {
        const std::string text = job.content["ArchiveSize"].asString();
        std::from_chars(text.data(), text.data() + text.size(), size);
      }
      return size;
    }

    bool IsTransient(const std::exception& error)
    {
      return dynamic_cast<const ConnectionLostError*>(&error) != nullptr ||
             dynamic_cast<const CommitInDoubtError*>(&error) != nullptr ||
             dynamic_cast<const RetryableError*>(&error) != nullptr;
    }

    // False if it was interrupted
    template <typename Duration>
    bool Pause(const std::stop_token& stop, Duration duration)
    {
      std::mutex mutex;
      std::condition_variable_any never;
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, duration,
                     []
                     {
                       return false;
                     });
      return !stop.stop_requested();
    }
  }

  OutputCopier::OutputCopier(const JobsConfiguration& configuration, OutputStore& store, ICoreClient& core,
                             std::function<void()> onSettled)
      : maximumSize_(configuration.areOutputsAsInCore ? 0 : configuration.outputsSizeMegabytes * MEGABYTE),
        store_(store), core_(core), onSettled_(std::move(onSettled))
  {
  }

  OutputCopier::~OutputCopier()
  {
    Stop();
  }

  void OutputCopier::Start()
  {
    while (threads_.size() < THREADS)
    {
      threads_.emplace_back(
          [this](const std::stop_token& stop)
          {
            Loop(stop);
          });
    }
  }

  void OutputCopier::Stop()
  {
    for (std::jthread& thread : threads_)
    {
      thread.request_stop();
    }
    threads_.clear();
  }

  OutputVerdict OutputCopier::Secure(const OutputOwner& owner, const CoreJob& job)
  {
    {
      const std::lock_guard lock(mutex_);
      const auto [verdict, isNew] =
          verdicts_.try_emplace(job.id, OutputVerdict{OutputVerdict::State::Copying, ""});
      if (!isNew)
      {
        return verdict->second;
      }
      waiting_.push_back({owner, job.id, owner.jobId == job.id, GetExpectedSize(job)});
    }
    changed_.notify_all();
    return {OutputVerdict::State::Copying, ""};
  }

  void OutputCopier::Prune(const std::set<std::string>& idsOfCore)
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(verdicts_,
                  [&](const auto& entry)
                  {
                    return entry.second.state != OutputVerdict::State::Copying &&
                           !idsOfCore.contains(entry.first);
                  });
  }

  // The first one that fits, so that small outputs need not wait behind a large one
  bool OutputCopier::TakeNext(Request& request)
  {
    const auto next =
        std::find_if(waiting_.begin(), waiting_.end(),
                     [this](const Request& candidate)
                     {
                       return copying_ == 0 || copiedSize_ + candidate.expectedSize <= SIZE_TOGETHER;
                     });
    if (next == waiting_.end())
    {
      return false;
    }
    request = std::move(*next);
    waiting_.erase(next);
    copying_++;
    copiedSize_ += request.expectedSize;
    return true;
  }

  void OutputCopier::Loop(const std::stop_token& stop)
  {
    for (;;)
    {
      Request request;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop,
                      [&]
                      {
                        return !stop.stop_requested() && TakeNext(request);
                      });
        if (request.coreJobId.empty())
        {
          return;
        }
      }
      std::optional<OutputVerdict> verdict;
      try
      {
        verdict = Copy(request, stop);
      }
      catch (const std::exception& error)
      {
        LogWarning("The output of job " + request.owner.jobId + " cannot be copied now: " + error.what());
        Pause(stop, DATABASE_PAUSE);
      }
      {
        const std::lock_guard lock(mutex_);
        copying_--;
        copiedSize_ -= request.expectedSize;
        if (verdict)
        {
          verdicts_[request.coreJobId] = *verdict;
        }
        else
        {
          verdicts_.erase(request.coreJobId);
        }
      }
      changed_.notify_all();
      if (stop.stop_requested())
      {
        return;
      }
      onSettled_();
    }
  }

  std::string OutputCopier::FindObstacle(uint64_t size) const
  {
    if (size > SIZE_OF_CORE)
    {
      return "Not copied from its replica: Orthanc cannot hand outputs of 4 GiB or more to plugins";
    }
    if (maximumSize_ > 0 && size > maximumSize_)
    {
      return "Not copied from its replica: " + std::to_string(size) +
             " bytes are more than all outputs together may have (option Registry.OutputsSizeMB)";
    }
    return "";
  }

  std::optional<OutputVerdict> OutputCopier::Copy(const Request& request, const std::stop_token& stop)
  {
    if (store_.IsSettled(request.owner, ARCHIVE_KEY))
    {
      return OutputVerdict();
    }
    const std::string obstacle = FindObstacle(request.expectedSize);
    if (!obstacle.empty())
    {
      return Refuse(request, {"", "", request.expectedSize}, obstacle, stop);
    }
    std::unique_ptr<ICoreOutput> output;
    try
    {
      output = core_.GetOutput(request.coreJobId, ARCHIVE_KEY);
    }
    catch (const RegistryError& error)
    {
      return Refuse(request, {"", "", request.expectedSize},
                    std::string("Orthanc does not hand the output over: ") + error.what(), stop);
    }
    if (!output)
    {
      return Lose(request, stop);
    }
    const OutputDescription description = output->GetDescription();
    const std::string largeness = FindObstacle(description.size);
    if (!largeness.empty())
    {
      return Refuse(request, description, largeness, stop);
    }
    try
    {
      return StorePatiently(request, *output, stop);
    }
    catch (const RegistryError& error)
    {
      if (IsTransient(error))
      {
        throw;
      }
      return Refuse(request, description, std::string("The output cannot be copied: ") + error.what(), stop);
    }
  }

  std::optional<OutputVerdict> OutputCopier::StorePatiently(const Request& request, const ICoreOutput& output,
                                                            const std::stop_token& stop)
  {
    for (unsigned int attempt = 1;; attempt++)
    {
      try
      {
        return Store(request, output, stop);
      }
      catch (const RegistryError& error)
      {
        if (!IsTransient(error) || attempt >= DATABASE_ATTEMPTS)
        {
          throw;
        }
        LogWarning("The output of job " + request.owner.jobId + " is copied once more: " + error.what());
      }
      if (!Pause(stop, DATABASE_PAUSE))
      {
        return std::nullopt;
      }
    }
  }

  std::optional<OutputVerdict> OutputCopier::Store(const Request& request, const ICoreOutput& output,
                                                   const std::stop_token& stop)
  {
    constexpr size_t STEP = OutputStore::CHUNK_SIZE * OutputStore::CHUNKS_PER_TRANSACTION;
    if (store_.IsSettled(request.owner, ARCHIVE_KEY)) // after a commit in doubt
    {
      return OutputVerdict();
    }
    const bool hasBegun = WriteRow(request, stop,
                                   [&]
                                   {
                                     return store_.Begin(request.owner, ARCHIVE_KEY, output.GetDescription());
                                   });
    if (!hasBegun)
    {
      return Drop(request);
    }
    const std::string_view content = output.GetContent();
    for (size_t offset = 0; offset < content.size(); offset += STEP)
    {
      if (stop.stop_requested())
      {
        return std::nullopt;
      }
      if (!store_.Append(request.owner, ARCHIVE_KEY, offset / OutputStore::CHUNK_SIZE,
                         content.substr(offset, STEP)))
      {
        return Drop(request);
      }
    }
    return store_.Complete(request.owner, ARCHIVE_KEY) ? std::make_optional(OutputVerdict()) : Drop(request);
  }

  // The row is not of this replica, or not yet
  std::optional<OutputVerdict> OutputCopier::Drop(const Request& request)
  {
    if (request.isLocal)
    {
      return std::nullopt;
    }
    LogWarning("Job " + request.owner.jobId +
               " does not belong to this replica any more: its output is dropped");
    return OutputVerdict{OutputVerdict::State::Gone, ""};
  }

  // The watcher asks about a local job before it has written the row for the first time.
  bool OutputCopier::WriteRow(const Request& request, const std::stop_token& stop,
                              const std::function<bool()>& write)
  {
    for (unsigned int attempt = 1;; attempt++)
    {
      if (write())
      {
        return true;
      }
      if (!request.isLocal || attempt >= ROW_ATTEMPTS || !Pause(stop, ROW_PAUSE))
      {
        return false;
      }
    }
  }

  std::optional<OutputVerdict> OutputCopier::Refuse(const Request& request,
                                                    const OutputDescription& description,
                                                    const std::string& reason, const std::stop_token& stop)
  {
    LogWarning("Job " + request.owner.jobId + " will have no output in the registry. " + reason);
    return RecordRefusal(request, description, reason, stop);
  }

  std::optional<OutputVerdict> OutputCopier::RecordRefusal(const Request& request,
                                                           const OutputDescription& description,
                                                           const std::string& reason,
                                                           const std::stop_token& stop)
  {
    const bool isRecorded = WriteRow(request, stop,
                                     [&]
                                     {
                                       return store_.Refuse(request.owner, ARCHIVE_KEY, description, reason);
                                     });
    return isRecorded ? std::make_optional(OutputVerdict()) : Drop(request);
  }

  std::optional<OutputVerdict> OutputCopier::Lose(const Request& request, const std::stop_token& stop)
  {
    if (request.isLocal)
    {
      // Synchronous archives end here as well
      return RecordRefusal(
          request, {},
          "Orthanc has no such output (any more): it was sent to the client of a synchronous call,"
          " or a newer archive has evicted it (if so, increase the options MediaArchiveSize and "
          "JobsHistorySize)",
          stop);
    }
    switch (store_.GiveBack(request.owner, ARCHIVE_KEY))
    {
    case OutputStore::Returned::Done:
      LogWarning(
          "Job " + request.owner.jobId +
          " is run again: a newer archive has evicted its output before it could be copied (increase the"
          " options MediaArchiveSize and JobsHistorySize)");
      return OutputVerdict{OutputVerdict::State::Gone, ""};
    case OutputStore::Returned::NotOwned:
      return Drop(request);
    case OutputStore::Returned::TryLater:
      return std::nullopt;
    case OutputStore::Returned::TooOften:
      break;
    }
    return OutputVerdict{OutputVerdict::State::Failed,
                         "Newer archives have evicted the output again and again before it could be copied:"
                         " increase the options MediaArchiveSize and JobsHistorySize"};
  }
}
