// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry::Changes
{
  struct Page
  {
    std::vector<Change> changes; // ascending by seq
    bool done = true;            // there are no others
  };

  void Log(IndexTransaction& t, int changeType, ResourceLevel level, int64_t id,
           const std::string& date); // LOG_CHANGE

  // GET_CHANGES and GET_CHANGES_EXTENDED: seq above "since", up to "to" (-1 = no limit), of the given types
  // (none = all), at most "limit" (0 = all). With "to" but without "since" (0) the last matching ones. A
  // reader that continues with the last seq it has seen never misses a change, whatever other transactions
  // commit meanwhile.
  Page Get(IndexTransaction& t, int64_t since, int64_t to, const std::vector<int64_t>& changeTypes,
           uint32_t limit);

  std::optional<Change> GetLast(IndexTransaction& t); // GET_LAST_CHANGE
  int64_t GetLastIndex(IndexTransaction& t);          // GET_LAST_CHANGE_INDEX
  void Clear(IndexTransaction& t);                    // CLEAR_CHANGES
}
