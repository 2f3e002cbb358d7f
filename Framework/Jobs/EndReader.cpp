// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/EndReader.h"

#include "Framework/Common/Logging.h"
#include "Framework/Jobs/OutputKeeper.h"

#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::hours WAIT_FOR_PUSH{1};
  }

  EndReader::EndReader(RunTable& runs, ICoreClient& core, Handlers handlers)
      : runs_(runs), core_(core), handlers_(std::move(handlers)), task_("Reading the ends of jobs",
                                                                        [this]
                                                                        {
                                                                          return ReadPushed();
                                                                        })
  {
  }

  void EndReader::Start()
  {
    task_.Start();
  }

  void EndReader::Stop()
  {
    task_.Stop();
  }

  void EndReader::Push(const std::string& localId)
  {
    {
      const std::lock_guard lock(mutex_);
      pushed_.push_back(localId);
    }
    task_.Wake();
  }

  std::chrono::milliseconds EndReader::ReadPushed()
  {
    std::vector<std::string> ids;
    {
      const std::lock_guard lock(mutex_);
      ids.swap(pushed_);
    }
    for (const std::string& id : ids)
    {
      try
      {
        Read(id);
      }
      catch (const std::exception& error)
      {
        LogInfo("The end of job " + id + " of the core is looked for later: " + error.what());
      }
    }
    return WAIT_FOR_PUSH;
  }

  void EndReader::Read(const std::string& localId)
  {
    if (!runs_.IsUnfinished(localId))
    {
      return;
    }
    const auto job = core_.GetJob(localId);
    if (!job || !IsEnded(job->state))
    {
      return;
    }
    if (job->state == JobState::Success && HasOutput(job->type))
    {
      handlers_.onOutputWaiting();
    }
    else if (runs_.SetEnd(*job))
    {
      handlers_.onEnded();
    }
  }
}
