// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/ConsoleReport.h"

#include <iomanip>

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr std::chrono::seconds BETWEEN_LINES{5};
    constexpr int NAME_WIDTH = 26;
    constexpr int NUMBER_WIDTH = 18;
    constexpr int64_t SECONDS_PER_MINUTE = 60;

    int64_t CountSeconds(std::chrono::steady_clock::duration duration)
    {
      return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    }

    std::string FormatSeconds(int64_t seconds)
    {
      const int64_t minutes = seconds / SECONDS_PER_MINUTE;
      return (minutes == 0 ? "" : std::to_string(minutes) + " min ") +
             std::to_string(seconds % SECONDS_PER_MINUTE) + " s";
    }
  }

  void ConsoleReport::OnBegin(bool isContinued)
  {
    out_ << (isContinued ? "Continuing after the last batch of an earlier run" : "Moving") << std::endl;
  }

  std::string ConsoleReport::EstimateRest(int64_t done, int64_t total) const
  {
    const int64_t sofar = done - doneBefore_;
    if (sofar <= 0 || done >= total)
    {
      return "";
    }
    const double seconds = static_cast<double>(CountSeconds(Clock::now() - begin_));
    const double rest = seconds * static_cast<double>(total - done) / static_cast<double>(sofar);
    return ", about " + FormatSeconds(static_cast<int64_t>(rest)) + " left";
  }

  void ConsoleReport::OnBatch(std::string_view step, int64_t rows, int64_t done, int64_t total)
  {
    if (doneBefore_ < 0)
    {
      doneBefore_ = done;
      lastLine_ = begin_;
    }
    const auto now = Clock::now();
    if (now - lastLine_ < BETWEEN_LINES)
    {
      return;
    }
    lastLine_ = now;
    const int64_t percent = total == 0 ? 100 : 100 * done / total;
    out_ << step << ": " << rows << " rows, " << percent << " % of all" << EstimateRest(done, total)
         << std::endl;
  }

  void ConsoleReport::OnCopied()
  {
    out_ << "All rows copied after " << FormatSeconds(CountSeconds(Clock::now() - begin_))
         << ", completing indexes" << std::endl;
  }

  void ConsoleReport::OnCompleted()
  {
    out_ << "Completed after " << FormatSeconds(CountSeconds(Clock::now() - begin_)) << ", comparing all rows"
         << std::endl;
  }

  void ConsoleReport::OnCompared(const Comparison& comparison)
  {
    if (!hasHeader_)
    {
      hasHeader_ = true;
      out_ << std::left << std::setw(NAME_WIDTH) << "" << std::right << std::setw(NUMBER_WIDTH) << "old index"
           << std::setw(NUMBER_WIDTH) << "new database" << "   contents" << std::endl;
    }
    const char* const contents = comparison.IsEqual()                          ? "equal"
                                 : comparison.counted == comparison.found.rows ? "DIFFERENT"
                                                                               : "DIFFERENT NUMBER";
    out_ << std::left << std::setw(NAME_WIDTH) << comparison.name << std::right << std::setw(NUMBER_WIDTH)
         << comparison.counted << std::setw(NUMBER_WIDTH) << comparison.found.rows << "   " << contents
         << std::endl;
  }
}
