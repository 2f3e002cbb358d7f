// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/ITarget.h"
#include "Resources/Tools/Move/MoveProgress.h"

namespace OrthancRegistry::Move
{
  // What one step should have brought, and what is in the target.
  struct Comparison
  {
    std::string name;
    int64_t counted = 0;  // in the source, by another query than that of the copy
    TableDigest expected; // of the rows of the source, when they were copied
    TableDigest found;    // of the rows of the target, read back now

    bool IsEqual() const
    {
      return counted == expected.rows && expected == found;
    }
  };

  // Reads back all rows of a step.
  Comparison Compare(ITarget& target, const CopyStep& step, int64_t counted);

  // The statistics of the target, which its triggers keep, and what they should be
  std::vector<Comparison> CompareStatistics(const SourceIndex& source, ITarget& target);
}
