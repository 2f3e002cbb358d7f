// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Logging.h"

#include <atomic>
#include <iostream>

namespace OrthancRegistry
{
  namespace
  {
    void WriteToStandardError(LogLevel level, const std::string& message)
    {
      static constexpr const char* PREFIXES[] = {"E", "W", "I"};
      std::cerr << PREFIXES[static_cast<int>(level)] << " " + message + "\n";
    }

    std::atomic<LogSink> currentSink{&WriteToStandardError};

    void Log(LogLevel level, std::string_view message)
    {
      currentSink.load()(level, std::string(message));
    }
  }

  void SetLogSink(LogSink sink)
  {
    currentSink.store(sink == nullptr ? &WriteToStandardError : sink);
  }

  void LogError(std::string_view message)
  {
    Log(LogLevel::Error, message);
  }

  void LogWarning(std::string_view message)
  {
    Log(LogLevel::Warning, message);
  }

  void LogWarnings(const std::vector<std::string>& messages)
  {
    for (const std::string& message : messages)
    {
      LogWarning(message);
    }
  }

  void LogInfo(std::string_view message)
  {
    Log(LogLevel::Info, message);
  }
}
