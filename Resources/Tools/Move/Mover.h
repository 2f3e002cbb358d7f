// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/IMoveReport.h"
#include "Resources/Tools/Move/SourceReader.h"
#include "Resources/Tools/Move/TargetGate.h"

namespace OrthancRegistry::Move
{
  // Copies an index into a target and compares. Can be interrupted at any moment: another one then goes on
  // after the last batch that was committed.
  class Mover
  {
  public:
    // "server": the "DatabaseServerIdentifier" of the Orthanc that will open the target
    Mover(const SourceIndex& source, ITarget& target, std::string server, const SourceReader::Limits& limits,
          IMoveReport& report);

    // Answers whether source and target are equal. Only then can the target be opened.
    bool Run();

  private:
    void MakeSchema();
    void Prepare();
    void CopyAll();
    void CopyOne(const CopyStep& step, int64_t doneBefore, int64_t total);
    std::vector<int64_t> CountRows() const;
    StepState ReadState(const CopyStep& step);
    StepState CopyBatch(const CopyStep& step, SourceReader& reader, Batch& batch, const StepState& from);
    void Complete();
    void SetSequences();
    void FoldStatistics();
    bool Verify();
    void Finish();

    const SourceIndex& source_;
    ITarget& target_;
    const std::string server_;
    const SourceReader::Limits limits_;
    IMoveReport& report_;
    const std::vector<CopyStep> steps_;
    const std::vector<int64_t> counts_; // of the steps
  };
}
