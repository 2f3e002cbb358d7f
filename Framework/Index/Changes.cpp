// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"

#include <algorithm>
#include <bit>
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

    // "LIMIT n": small ones are constants of the text, so that the server makes a plan only once. So that
    // there are few different texts, some are larger than wanted.
    std::string GetLimit(uint64_t count, size_t parameter)
    {
      constexpr uint64_t LARGEST_CONSTANT = 4096;
      constexpr uint64_t STEPS = 8; // up to the next power of two
      if (count > LARGEST_CONSTANT)
      {
        return " LIMIT $" + std::to_string(parameter);
      }
      const uint64_t step = std::max<uint64_t>(1, std::bit_floor(count) / STEPS);
      return " LIMIT " + std::to_string((count + step - 1) / step * step);
    }

    std::vector<Change> Read(Transaction& transaction, const Range& range, std::string_view order)
    {
      const bool hasTypes = !range.types.empty();
      std::string text = "SELECT c.seq, c.changeType, c.resourceType, r.publicId, COALESCE(c.date, '') "
                         "FROM Changes c JOIN Resources r ON r.internalId = c.internalId "
                         "WHERE c.seq > $1 AND c.seq <= $2";
      text.append(hasTypes ? " AND c.changeType = ANY($3)" : "").append(order);
      const std::string limit = GetLimit(static_cast<uint64_t>(range.count), hasTypes ? 4 : 3);
      std::vector<Parameter> parameters = {Bind(range.after), Bind(range.until)};
      if (hasTypes)
      {
        parameters.push_back(Bind(range.types));
      }
      if (limit.find('$') != std::string::npos)
      {
        parameters.push_back(Bind(range.count));
      }
      std::vector<Change> changes;
      transaction.QueryRows(text + limit, parameters,
                            [&changes](const IRow& row)
                            {
                              changes.push_back({row.GetInteger(0), static_cast<int>(row.GetInteger(1)),
                                                 static_cast<ResourceLevel>(row.GetInteger(2)),
                                                 row.GetText(3), row.GetText(4)});
                            });
      return changes;
    }

    std::vector<Change> ReadFirst(Transaction& transaction, const Range& range)
    {
      return Read(transaction, range, " ORDER BY c.seq");
    }

    std::vector<Change> ReadLast(Transaction& transaction, const Range& range)
    {
      return Read(transaction, range, " ORDER BY c.seq DESC");
    }

    // Reads, in the same round trip as the limit and after it, what is visible by then: "read" is one of the
    // above. What is beyond the limit may still be preceded by something else, so it is dropped.
    std::vector<Change> ReadVisible(IndexTransaction& t, Range range,
                                    std::vector<Change> (*read)(Transaction& transaction, const Range& range))
    {
      const auto count = static_cast<size_t>(range.count);
      int64_t visible = 0;
      t.dialect.AskVisibleChangesLimit(t.transaction, visible);
      std::vector<Change> changes = read(t.transaction, range);
      const size_t dropped = std::erase_if(changes,
                                           [&visible](const Change& change)
                                           {
                                             return change.seq > visible;
                                           });
      if (dropped > 0 && changes.size() < count && read == ReadLast)
      {
        range.until = std::min(range.until, visible);
        changes = read(t.transaction, range);
      }
      if (changes.size() > count)
      {
        changes.resize(count);
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
