// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/BackgroundTask.h"

#include "Framework/Common/Logging.h"

#include <algorithm>
#include <exception>
#include <random>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds WAIT_AFTER_FAILURE{1000};
  }

  BackgroundTask::BackgroundTask(std::string name, Turn turn) : name_(std::move(name)), turn_(std::move(turn))
  {
  }

  BackgroundTask::~BackgroundTask()
  {
    Stop();
  }

  void BackgroundTask::Start()
  {
    const std::lock_guard lock(mutex_);
    if (running_)
    {
      return;
    }
    running_ = true;
    woken_ = false;
    thread_ = std::jthread(
        [this](const std::stop_token& stop)
        {
          Loop(stop);
        });
  }

  void BackgroundTask::Stop()
  {
    std::jthread thread;
    {
      const std::lock_guard lock(mutex_);
      running_ = false;
      thread = std::move(thread_);
    }
    changed_.notify_all();
    if (thread.joinable())
    {
      thread.request_stop();
      thread.join();
    }
  }

  void BackgroundTask::Wake()
  {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    changed_.notify_all();
  }

  void BackgroundTask::WakeWithin(std::chrono::milliseconds time)
  {
    const auto due = std::chrono::steady_clock::now() + time;
    {
      const std::lock_guard lock(mutex_);
      if (due_ && *due_ <= due)
      {
        return;
      }
      due_ = due;
    }
    changed_.notify_all();
  }

  bool BackgroundTask::RunNow(std::chrono::milliseconds patience)
  {
    std::unique_lock lock(mutex_);
    if (!running_)
    {
      return false;
    }
    const uint64_t next = begun_ + 1;
    woken_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, patience,
                             [&]
                             {
                               return ended_ >= next || !running_;
                             }) &&
           ended_ >= next;
  }

  void BackgroundTask::Loop(const std::stop_token& stop)
  {
    std::minstd_rand random(std::random_device{}());
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested())
    {
      woken_ = false;
      due_.reset();
      begun_++;
      lock.unlock();
      const auto wait = RunTurn();
      const auto jitter = std::uniform_int_distribution<int64_t>(0, wait.count() / 10)(random);
      lock.lock();
      ended_++;
      changed_.notify_all();
      WaitForTurn(lock, stop, std::chrono::steady_clock::now() + wait + std::chrono::milliseconds(jitter));
    }
  }

  void BackgroundTask::WaitForTurn(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                                   std::chrono::steady_clock::time_point latest)
  {
    while (!woken_ && !stop.stop_requested())
    {
      const auto due = due_ ? std::min(*due_, latest) : latest;
      if (std::chrono::steady_clock::now() >= due)
      {
        return;
      }
      changed_.wait_until(lock, stop, due,
                          [&]
                          {
                            return woken_ || (due_ && *due_ < due);
                          });
    }
  }

  std::chrono::milliseconds BackgroundTask::RunTurn()
  {
    try
    {
      const auto wait = turn_();
      if (failing_)
      {
        failing_ = false;
        LogWarning(name_ + " works again");
      }
      return wait;
    }
    catch (const std::exception& error)
    {
      if (!failing_)
      {
        failing_ = true;
        LogError(name_ + " fails, and will go on trying: " + error.what());
      }
      return WAIT_AFTER_FAILURE;
    }
  }
}
