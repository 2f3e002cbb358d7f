// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/Verification.h"

namespace OrthancRegistry::Move
{
  // Follows a move.
  class IMoveReport
  {
  public:
    virtual ~IMoveReport() = default;

    virtual void OnBegin(bool isContinued) = 0;

    // A batch has been committed: rows of this step, rows of all steps, and how many there are.
    virtual void OnBatch(std::string_view step, int64_t rows, int64_t done, int64_t total) = 0;

    virtual void OnCopied() = 0;    // all rows are there
    virtual void OnCompleted() = 0; // and the indexes on them
    virtual void OnCompared(const Comparison& comparison) = 0;
  };
}
