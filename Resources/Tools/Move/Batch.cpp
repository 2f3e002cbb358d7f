// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/Batch.h"

#include <utility>

namespace OrthancRegistry::Move
{
  Batch::Batch(std::span<const Column> columns) : columns_(columns.size())
  {
  }

  void Batch::Add(size_t column, int64_t value)
  {
    columns_[column].integers.push_back(value);
    bytes_ += sizeof(value);
  }

  void Batch::Add(size_t column, std::string value)
  {
    bytes_ += value.size();
    columns_[column].texts.push_back(std::move(value));
  }

  void Batch::EndRow()
  {
    rows_++;
  }

  void Batch::Clear()
  {
    for (Cells& cells : columns_)
    {
      cells.integers.clear();
      cells.texts.clear();
    }
    rows_ = 0;
    bytes_ = 0;
  }
}
