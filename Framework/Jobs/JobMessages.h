// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Database/IMessageBus.h"

#include <string>
#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  // The messages of the bus
  inline constexpr std::string_view MESSAGE_JOBS = "jobs";       // a queued job can be claimed
  inline constexpr std::string_view MESSAGE_CHANGED = "changed"; // rows have changed, see below
  inline constexpr std::string_view MESSAGE_FIND = "find:";      // and an id: does anybody know it?

  // Both are followed by the incarnation that is addressed, the second one also by ":" and an id of its core.
  inline constexpr std::string_view MESSAGE_ACT = "act:";       // look for requested actions
  inline constexpr std::string_view MESSAGE_FORGET = "forget:"; // the registry has no such job any more

  // Tells all replicas something that no row goes with.
  void Announce(IDatabase& database, IMessageBus& bus, const std::string& message);

  // Tells the replicas that the rows of these jobs have changed: "changed:", and the ids separated by commas,
  // or only "changed" if they are too many for one message. Nothing if there are none.
  void PublishChanges(IMessageBus& bus, Transaction& transaction, const std::vector<std::string>& ids);

  // True if the message tells of changes; then "ids" are those that it names, none if all may be meant. The
  // empty message of the bus is such a message: others may have been lost.
  bool ParseChanges(std::string_view message, std::vector<std::string_view>& ids);
}
