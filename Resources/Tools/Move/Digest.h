// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace OrthancRegistry::Move
{
  // A checksum of one row: of its cells, in their order.
  class RowDigest
  {
  public:
    void Add(int64_t value);
    void Add(std::string_view bytes);
    uint64_t Get() const;

  private:
    void Mix(uint64_t word);

    uint64_t state_ = 0x243f6a8885a308d3;
  };

  // How many rows, and the sum of their checksums: the same in whatever order they are read, and rows that
  // come later can be added.
  struct TableDigest
  {
    int64_t rows = 0;
    uint64_t sum = 0;

    void Add(const RowDigest& row)
    {
      rows++;
      sum += row.Get();
    }

    bool operator==(const TableDigest&) const = default;
  };
}
