// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/IMoveReport.h"

#include <chrono>
#include <ostream>

namespace OrthancRegistry::Move
{
  // Tells a person how far a move is: a line for each step, another one every few seconds, and the comparison
  // as a table.
  class ConsoleReport : public IMoveReport
  {
  public:
    explicit ConsoleReport(std::ostream& out) : out_(out)
    {
    }

    void OnBegin(bool isContinued) override;
    void OnBatch(std::string_view step, int64_t rows, int64_t done, int64_t total) override;
    void OnCopied() override;
    void OnCompleted() override;
    void OnCompared(const Comparison& comparison) override;

  private:
    using Clock = std::chrono::steady_clock;

    std::string EstimateRest(int64_t done, int64_t total) const;

    std::ostream& out_;
    const Clock::time_point begin_ = Clock::now();
    Clock::time_point lastLine_;
    int64_t doneBefore_ = -1; // by an earlier run
    bool hasHeader_ = false;
  };
}
