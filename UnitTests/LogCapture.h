// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Logging.h"

#include <mutex>
#include <string>

namespace OrthancRegistry::Testing
{
  // Keeps the lines of the log while it lives. One at a time.
  class LogCapture
  {
  public:
    LogCapture()
    {
      const std::lock_guard lock(mutex_);
      text_.clear();
      SetLogSink(&LogCapture::Add);
    }

    ~LogCapture()
    {
      SetLogSink(nullptr);
    }

    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

    std::string Get() const
    {
      const std::lock_guard lock(mutex_);
      return text_;
    }

  private:
    static void Add(LogLevel /*level*/, const std::string& message)
    {
      const std::lock_guard lock(mutex_);
      text_ += message + "\n";
    }

    // Sinks carry no pointer
    static inline std::mutex mutex_;
    static inline std::string text_;
  };
}
