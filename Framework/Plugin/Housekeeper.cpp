// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/Housekeeper.h"

#include "Framework/Common/Logging.h"

#include <exception>
#include <string>

namespace OrthancRegistry
{
  Housekeeper::Housekeeper(std::chrono::seconds interval, std::function<void()> task,
                           std::chrono::milliseconds idleInterval)
      : interval_(interval), task_(std::move(task)), idleInterval_(idleInterval)
  {
  }

  Housekeeper::~Housekeeper()
  {
    Stop();
  }

  void Housekeeper::Start()
  {
    if (!thread_.joinable())
    {
      thread_ = std::jthread(
          [this](const std::stop_token& stop)
          {
            Loop(stop);
          });
    }
  }

  void Housekeeper::Notice()
  {
    isNoticed_ = true;
  }

  void Housekeeper::Stop()
  {
    if (thread_.joinable())
    {
      thread_.request_stop();
      thread_.join();
    }
  }

  void Housekeeper::Loop(const std::stop_token& stop)
  {
    while (!stop.stop_requested())
    {
      if (IsDue())
      {
        RunOnce();
      }
      std::unique_lock lock(mutex_);
      wakeUp_.wait_for(lock, stop, interval_,
                       []
                       {
                         return false;
                       });
    }
  }

  bool Housekeeper::IsDue()
  {
    return isNoticed_.exchange(false) || std::chrono::steady_clock::now() - lastRun_ >= idleInterval_;
  }

  void Housekeeper::RunOnce()
  {
    lastRun_ = std::chrono::steady_clock::now();
    try
    {
      task_();
      hasFailed_ = false;
    }
    catch (const std::exception& error)
    {
      const std::string message = std::string("Housekeeping of the database failed: ") + error.what();
      if (hasFailed_)
      {
        LogInfo(message);
      }
      else
      {
        LogWarning(message);
      }
      hasFailed_ = true;
      Notice();
    }
  }
}
