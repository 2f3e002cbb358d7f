// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace OrthancRegistry::Move
{
  enum class CellType
  {
    Integer,
    OptionalInteger, // 0 stands for NULL
    Text,            // NULL becomes the empty text, as which the core reads it
    Binary,
    OptionalBinary // the empty one stands for NULL
  };

  struct Column
  {
    const char* name;
    CellType type;

    bool IsInteger() const
    {
      return type == CellType::Integer || type == CellType::OptionalInteger;
    }

    bool IsBinary() const
    {
      return type == CellType::Binary || type == CellType::OptionalBinary;
    }
  };

  // Rows of one table in memory, column by column.
  class Batch
  {
  public:
    explicit Batch(std::span<const Column> columns);

    // The cells of a row are added from the first column to the last.
    void Add(size_t column, int64_t value);
    void Add(size_t column, std::string value);
    void EndRow();
    void Clear();

    size_t GetRows() const
    {
      return rows_;
    }

    size_t GetBytes() const
    {
      return bytes_;
    }

    const std::vector<int64_t>& GetIntegers(size_t column) const
    {
      return columns_[column].integers;
    }

    const std::vector<std::string>& GetTexts(size_t column) const
    {
      return columns_[column].texts;
    }

  private:
    struct Cells // one of the two is used
    {
      std::vector<int64_t> integers;
      std::vector<std::string> texts;
    };

    std::vector<Cells> columns_;
    size_t rows_ = 0;
    size_t bytes_ = 0;
  };
}
