// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  enum class LogLevel
  {
    Error,
    Warning,
    Info
  };

  // Receives the log lines of the whole library. Called from any thread; must not throw.
  using LogSink = void (*)(LogLevel level, const std::string& message);

  // Replaces the sink; the default one writes to the standard error. The sink is the only process-wide state
  // of the library, as a log is in the core. Thread-safe.
  void SetLogSink(LogSink sink);

  void LogError(std::string_view message);
  void LogWarning(std::string_view message);
  void LogWarnings(const std::vector<std::string>& messages);
  void LogInfo(std::string_view message);
}
