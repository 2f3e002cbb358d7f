// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/CopySteps.h"
#include "Resources/Tools/Move/Digest.h"

namespace OrthancRegistry::Move
{
  // Reads the rows of one step, in the order of their keys.
  class SourceReader
  {
  public:
    struct Limits
    {
      size_t rows;
      size_t bytes;
    };

    // Begins after the key.
    SourceReader(const SourceIndex& source, const CopyStep& step, int64_t afterKey,
                 const std::string& server);

    // Fills the batch, up to about the limits, and adds its rows to the digest. Answers false if there are no
    // more. Bytes that no database can store as text are replaced.
    bool Read(Batch& batch, TableDigest& digest, const Limits& limits);

    int64_t GetLastKey() const
    {
      return lastKey_;
    }

  private:
    void ReadRow(Batch& batch, TableDigest& digest) const;

    const CopyStep& step_;
    SourceStatement statement_;
    int64_t lastKey_;
  };
}
