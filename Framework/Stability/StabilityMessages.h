// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Stability/UnstableTable.h"

// What replicas tell each other: "unstable:id=publicId,id=publicId" and "stable:id,id", as many messages as
// it takes.
namespace OrthancRegistry::StabilityMessages
{
  void PublishUnstable(IMessageBus& bus, Transaction& transaction,
                       const std::vector<UnstableResource>& resources);
  void PublishStable(IMessageBus& bus, Transaction& transaction, const std::vector<int64_t>& ids);

  struct Content
  {
    std::vector<UnstableResource> unstable; // without levels
    std::vector<int64_t> stable;
  };

  // Nothing for the messages of others
  Content Parse(std::string_view message);
}
