// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/FlowRoom.h"

#include <algorithm>

namespace OrthancRegistry
{
  std::string GetLimitName(const FlowLimit& limit)
  {
    return limit.pattern.type + "/" + limit.pattern.destination;
  }

  bool IsLimited(const std::vector<FlowLimit>& limits, const JobKind& kind)
  {
    return std::any_of(limits.begin(), limits.end(),
                       [&](const FlowLimit& limit)
                       {
                         return limit.pattern.Matches(kind.type, kind.destination);
                       });
  }

  FlowRoom::FlowRoom(const std::vector<FlowLimit>& limits)
  {
    for (const FlowLimit& limit : limits)
    {
      limits_.push_back({limit.pattern, GetLimitName(limit), limit.maximum});
    }
  }

  void FlowRoom::Take(const JobKind& kind)
  {
    for (Limit& limit : limits_)
    {
      if (limit.pattern.Matches(kind.type, kind.destination))
      {
        limit.room -= std::min<size_t>(limit.room, 1);
      }
    }
  }

  bool FlowRoom::HasRoom(const JobKind& kind) const
  {
    return std::none_of(limits_.begin(), limits_.end(),
                        [&](const Limit& limit)
                        {
                          return limit.room == 0 && limit.pattern.Matches(kind.type, kind.destination);
                        });
  }

  void FlowRoom::Close(const std::string& limitName)
  {
    for (Limit& limit : limits_)
    {
      if (limit.name == limitName)
      {
        limit.room = 0;
      }
    }
  }
}
