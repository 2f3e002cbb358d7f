// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/Mover.h"
#include "UnitTests/Move/SourceFile.h"
#include "UnitTests/TestDatabases.h"

#include <functional>

namespace OrthancRegistry::Testing
{
  // Follows a move, and can interrupt it.
  class TestReport : public Move::IMoveReport
  {
  public:
    std::function<void()> onBatch;
    std::function<void()> onCopied;
    std::function<void()> onCompleted;
    bool isContinued = false;
    int batches = 0;
    std::vector<Move::Comparison> comparisons;

    void OnBegin(bool continued) override;
    void OnBatch(std::string_view step, int64_t rows, int64_t done, int64_t total) override;
    void OnCopied() override;
    void OnCompleted() override;
    void OnCompared(const Move::Comparison& comparison) override;

    std::vector<std::string> GetDifferent() const; // names of what is not equal
  };

  // Moves from files into an empty database, on both engines.
  class MoveTest : public EngineTest
  {
  protected:
    void SetUp() override;

    // Answers whether all is equal.
    bool RunMove(const SourceFile& source, size_t batchRows = 1000, const std::string& server = "hospital");

    std::string GetRefusal(const SourceFile& source, const std::string& server = "hospital");

    IndexTransaction Read()
    {
      return IndexTransaction(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
    }

    IndexTransaction Write()
    {
      return IndexTransaction(GetDatabase(), database_->GetDialect(), AccessMode::ReadWrite);
    }

    TestReport report_;
    std::unique_ptr<Move::ITarget> target_;
  };
}
