// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"

#include <libpq-fe.h>

#include <deque>
#include <span>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // The parameters of one statement as libpq takes them, all in the binary format. Points into the parameters
  // it was made from. Throws StatementError if a text holds a zero byte, which PostgreSQL cannot store.
  class PostgreSQLBinding
  {
  public:
    explicit PostgreSQLBinding(std::span<const Parameter> parameters);

    int GetCount() const
    {
      return static_cast<int>(types_.size());
    }

    const Oid* GetTypes() const
    {
      return types_.data();
    }

    const char* const* GetValues() const
    {
      return values_.data();
    }

    const int* GetLengths() const
    {
      return lengths_.data();
    }

    const int* GetFormats() const
    {
      return formats_.data();
    }

    size_t GetSize() const
    {
      return size_;
    }

    // One character for each type: with the text of the statement, the key of the cache
    const std::string& GetSignature() const
    {
      return signature_;
    }

  private:
    void Add(const Parameter& parameter);
    void AddBytes(std::string_view bytes);

    std::vector<Oid> types_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::deque<std::string> encoded_;
    std::string signature_;
    size_t size_ = 0;
  };
}
