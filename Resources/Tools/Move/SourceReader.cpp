// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/SourceReader.h"

#include "Framework/Common/Utf8.h"

namespace OrthancRegistry::Move
{
  SourceReader::SourceReader(const SourceIndex& source, const CopyStep& step, int64_t afterKey,
                             const std::string& server)
      : step_(step), statement_(source.Prepare(step.source)), lastKey_(afterKey)
  {
    statement_.Bind(1, afterKey);
    statement_.Bind(2, server);
  }

  bool SourceReader::Read(Batch& batch, TableDigest& digest, const Limits& limits)
  {
    batch.Clear();
    while (batch.GetRows() < limits.rows && batch.GetBytes() < limits.bytes)
    {
      if (!statement_.Step())
      {
        return false;
      }
      lastKey_ = statement_.GetInteger(0);
      ReadRow(batch, digest);
    }
    return true;
  }

  void SourceReader::ReadRow(Batch& batch, TableDigest& digest) const
  {
    RowDigest row;
    for (size_t i = 0; i < step_.columns.size(); i++)
    {
      const int position = static_cast<int>(i) + 1; // after the key
      const Column& column = step_.columns[i];
      if (column.IsInteger())
      {
        const int64_t value = statement_.GetInteger(position);
        row.Add(value);
        batch.Add(i, value);
      }
      else
      {
        std::string value = column.IsBinary() ? std::string(statement_.GetBinary(position))
                                              : ToStorableText(statement_.GetText(position));
        row.Add(value);
        batch.Add(i, std::move(value));
      }
    }
    batch.EndRow();
    digest.Add(row);
  }
}
