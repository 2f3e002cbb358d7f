// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"

#include <algorithm>
#include <limits>

namespace OrthancRegistry::Changes
{
  namespace
  {
    // Changes in ]after, until], of the given types unless there are none
    struct Range
    {
      int64_t after;
      int64_t until;
      const std::vector<int64_t>& types;
      int64_t count;
    };

    auto AppendTo(std::vector<Change>& changes)
    {
      return
          [&changes](int64_t seq, int changeType, ResourceLevel level, std::string publicId, std::string date)
      {
        changes.push_back({seq, changeType, level, std::move(publicId), std::move(date)});
      };
    }

    std::vector<Change> ReadFirst(Transaction& transaction, const Range& range)
    {
      std::vector<Change> changes;
      transaction.QueryEach<int64_t, int, ResourceLevel, std::string, std::string>(
          "SELECT c.seq, c.changeType, c.resourceType, r.publicId, COALESCE(c.date, '') "
          "FROM Changes c JOIN Resources r ON r.internalId = c.internalId "
          "WHERE c.seq > $1 AND c.seq <= $2 AND ($3 = 0 OR c.changeType = ANY($4)) ORDER BY c.seq LIMIT $5",
          AppendTo(changes), range.after, range.until, range.types.size(), range.types, range.count);
      return changes;
    }

    std::vector<Change> ReadLast(Transaction& transaction, const Range& range)
    {
      std::vector<Change> changes;
      transaction.QueryEach<int64_t, int, ResourceLevel, std::string, std::string>(
          "SELECT c.seq, c.changeType, c.resourceType, r.publicId, COALESCE(c.date, '') "
          "FROM Changes c JOIN Resources r ON r.internalId = c.internalId "
          "WHERE c.seq > $1 AND c.seq <= $2 AND ($3 = 0 OR c.changeType = ANY($4)) ORDER BY c.seq DESC LIMIT "
          "$5",
          AppendTo(changes), range.after, range.until, range.types.size(), range.types, range.count);
      return changes;
    }

    // Reads, in the same round trip as the limit and after it, what is visible by then: "read" is one of the
    // above. What is beyond the limit may still be preceded by something else, so it is dropped.
    template <typename Read>
    std::vector<Change> ReadVisible(IndexTransaction& t, Range range, Read read)
    {
      int64_t visible = 0;
      t.dialect.AskVisibleChangesLimit(t.transaction, visible);
      std::vector<Change> changes = read(t.transaction, range);
      const size_t dropped = std::erase_if(changes,
                                           [&visible](const Change& change)
                                           {
                                             return change.seq > visible;
                                           });
      if (dropped > 0 && read == ReadLast)
      {
        range.until = std::min(range.until, visible);
        return read(t.transaction, range);
      }
      return changes;
    }
  }

  void Log(IndexTransaction& t, int changeType, ResourceLevel level, int64_t id, const std::string& date)
  {
    if (!t.changePrepared)
    {
      t.dialect.PrepareChange(t.transaction);
      t.changePrepared = true;
    }
    t.Hold(id);
    t.transaction.Execute(
        "INSERT INTO Changes (changeType, internalId, resourceType, date) VALUES ($1, $2, $3, $4)",
        changeType, id, level, date);
  }

  Page Get(IndexTransaction& t, int64_t since, int64_t to, const std::vector<int64_t>& changeTypes,
           uint32_t limit)
  {
    const bool last = to >= 0 && since == 0;

    // One more than asked tells whether there are others.
    const int64_t count = limit == 0 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(limit) + 1;
    const Range range{since, to >= 0 ? to : std::numeric_limits<int64_t>::max(), changeTypes, count};

    Page page;
    page.changes = ReadVisible(t, range, last ? ReadLast : ReadFirst);
    page.done = limit == 0 || page.changes.size() <= limit;
    if (!page.done)
    {
      page.changes.pop_back();
    }
    if (last)
    {
      std::reverse(page.changes.begin(), page.changes.end());
    }
    return page;
  }

  std::optional<Change> GetLast(IndexTransaction& t)
  {
    auto changes = ReadVisible(t, Range{0, std::numeric_limits<int64_t>::max(), {}, 1}, ReadLast);
    return changes.empty() ? std::nullopt : std::make_optional(std::move(changes.front()));
  }

  int64_t GetLastIndex(IndexTransaction& t)
  {
    int64_t visible = 0;
    t.dialect.AskVisibleChangesLimit(t.transaction, visible);
    t.transaction.Flush();
    return visible;
  }

  void Clear(IndexTransaction& t)
  {
    t.transaction.Execute("DELETE FROM Changes");
  }
}
